"""Reading the pages: headings, tables, code spans, links."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.docs.facts import ROOT

REFERENCE = ROOT / "docs" / "reference"
_CODE = re.compile(r"`([^`]+)`")
_RANGE = re.compile(r"`([\w.]+?)(\d+)` … `\1(\d+)`")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)

Row = list[str]


def rows(page: str, *headings: str) -> list[Row]:
    """The rows of every table of a reference page, of these sections only when headings are named; heads left out.

    Raises KeyError for a heading that the page does not have, so that a renamed section is not silently passed over.
    """
    sections = _sections((REFERENCE / page).read_text())
    chosen = [sections[heading] for heading in headings] if headings else list(sections.values())
    return [row for text in chosen for row in _table_rows(text)]


def names(page: str, *headings: str) -> list[str]:
    """The code spans of the tables' first cells, in order; a range such as `class.1` … `class.9` counts as all of it."""
    return [name for row in rows(page, *headings) for name in codes(row[0])]


def codes(cell: str) -> list[str]:
    """The code spans of a text, ranges filled in."""
    filled = _RANGE.sub(
        lambda m: " ".join(f"`{m[1]}{number}`" for number in range(int(m[2]), int(m[3]) + 1)), cell
    )
    return _CODE.findall(filled)


def documents() -> list[Path]:
    """Every Markdown file that is tracked or new and not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines() if (ROOT / name).exists()]


def links(document: Path) -> list[str]:
    """The targets of a document's links and images, code left out."""
    text = _FENCE.sub("", document.read_text())
    return _LINK.findall(_CODE.sub("", text))


def anchors(document: Path) -> set[str]:
    """The anchors that a document's headings make, by the rule of GitHub and GitLab."""
    text = _FENCE.sub("", document.read_text())
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _sections(text: str) -> dict[str, str]:
    """The text below each heading of any level, up to the next one."""
    parts = re.split(r"^#+ (.+)$", _FENCE.sub("", text), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _table_rows(text: str) -> list[Row]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cut = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    rules = [i for i, row in enumerate(cut) if all(re.fullmatch(r":?-+:?", cell) for cell in row)]
    heads = {index for rule in rules for index in (rule, rule - 1)}
    return [row for index, row in enumerate(cut) if index not in heads]
