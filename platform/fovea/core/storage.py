"""Content-addressed blobs: a file is stored once under the SHA-256 of its bytes, and never changed.

Layout below `BLOB_ROOT`: `ab/cd/abcd…` (two levels, so that a million files stay browsable). A blob appears by an atomic
link of a complete, flushed file; a reader therefore never sees half of one, and a crash leaves at most a draft.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from fovea.core.errors import NotFound, StorageFull

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class StoredBlob:
    """What was stored: name, size in bytes, and whether these bytes were already there."""

    sha256: str
    size: int
    existed: bool


def blob_path(sha256: str) -> Path:
    """Where a blob lies. Raises NotFound for anything that is not a SHA-256, so no path can be smuggled in."""
    if not _SHA256.fullmatch(sha256):
        raise NotFound("That is not the name of a stored file.")
    return Path(settings.BLOB_ROOT) / sha256[:2] / sha256[2:4] / sha256


def blob_exists(sha256: str) -> bool:
    """Whether the blob is there."""
    return blob_path(sha256).exists()


def blob_put(data: bytes | Iterable[bytes]) -> StoredBlob:
    """Store bytes (or a stream of them) and return their name. Raises StorageFull, with nothing kept, when disk space ends."""
    chunks = (data,) if isinstance(data, bytes) else data
    drafts = Path(settings.BLOB_ROOT) / "drafts"
    drafts.mkdir(parents=True, exist_ok=True)
    _require_space()
    descriptor, name = tempfile.mkstemp(dir=drafts)
    draft = Path(name)
    try:
        digest, size = hashlib.sha256(), 0
        with os.fdopen(descriptor, "wb") as file:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        return StoredBlob(digest.hexdigest(), size, existed=_keep(draft, digest.hexdigest()))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull("The disk is full: free some space and send the file again.") from error
        raise
    finally:
        draft.unlink(missing_ok=True)


def blob_adopt(path: Path) -> StoredBlob:
    """Store a file by copying it in; the file itself stays where it is."""

    def chunks() -> Iterable[bytes]:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                yield chunk

    return blob_put(chunks())


def blob_read(sha256: str, offset: int = 0, length: int | None = None) -> bytes:
    """A blob's bytes, or a range of them. Raises NotFound when the blob is missing."""
    try:
        with blob_path(sha256).open("rb") as file:
            file.seek(offset)
            return file.read() if length is None else file.read(length)
    except FileNotFoundError:
        raise NotFound(
            "The stored file is missing from the blob store; an admin can bring it back from a backup."
        ) from None


def _keep(draft: Path, sha256: str) -> bool:
    target = blob_path(sha256)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(draft, target)
    except FileExistsError:
        return True
    target.chmod(0o440)
    return False


def _require_space() -> None:
    if shutil.disk_usage(settings.BLOB_ROOT).free < settings.FOVEA_MIN_FREE_BYTES:
        raise StorageFull("The disk is nearly full: free some space and send the file again.")
