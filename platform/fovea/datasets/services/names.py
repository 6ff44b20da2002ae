"""File names as people gave them: data to show and to match labels by, never a path to open."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath

MAX_NAME = 500
_DRIVE = re.compile(r"^[A-Za-z]:")


def name_cleaned(name: str) -> str:
    """A relative path with forward slashes, printable, without `.` and `..`, of at most 500 characters.

    Drives, leading slashes and control characters go; an over-long name keeps its end, which tells files
    apart, behind a short hash of the whole. What nothing is left of is "unnamed".
    """
    text = name.encode("utf-8", "replace").decode()
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text.replace("\\", "/"))
    parts = [part.strip() for part in _DRIVE.sub("", text).split("/")]
    text = "/".join(part for part in parts if part not in ("", ".", "..")) or "unnamed"
    if len(text) > MAX_NAME:
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        text = f"{digest}…{text[-(MAX_NAME - 20) :]}"
    return text


class UniqueNames:
    """Gives each name once: a second one of the same name gets ` (2)` before its suffix."""

    def __init__(self, taken: set[str] | None = None) -> None:
        self._taken = taken if taken is not None else set()
        self._next: dict[str, int] = {}

    def __call__(self, name: str) -> str:
        """The cleaned name, made unique."""
        cleaned = name_cleaned(name)
        found = cleaned
        while found in self._taken:
            number = self._next[cleaned] = self._next.get(cleaned, 1) + 1
            found = _numbered(cleaned, number)
        self._taken.add(found)
        return found


def stem(name: str) -> str:
    """The file's own name without folders and suffixes (both of `.nii.gz`)."""
    base = PurePosixPath(name).name
    suffix = next((s for s in (".nii.gz", ".tar.gz") if base.lower().endswith(s)), PurePosixPath(base).suffix)
    return base[: len(base) - len(suffix)] or base


def _numbered(name: str, number: int) -> str:
    path = PurePosixPath(name)
    numbered = str(path.with_name(f"{stem(name)} ({number}){path.name[len(stem(name)) :]}"))
    return numbered if len(numbered) <= MAX_NAME else f"{number}…{name[-(MAX_NAME - 20) :]}"
