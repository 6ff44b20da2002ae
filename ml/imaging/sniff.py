"""Which kind of image a file is, by its first bytes, never by its name."""

import gzip
import zlib
from pathlib import Path
from typing import Literal

from ml.imaging.dicom.files import looks_like_dicom
from ml.imaging.errors import UnreadableImage

SourceKind = Literal["dicom", "raster", "nifti"]
_RASTER = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_NIFTI = (b"n+1\x00", b"ni1\x00")


def detect_kind(path: Path) -> SourceKind:
    """The kind of a file. Raises UnreadableImage("unreadable") when it is none, "bad_archive" for broken gzip."""
    with path.open("rb") as stream:
        head = stream.read(512)
    if head[:2] == b"\x1f\x8b":
        try:
            with gzip.open(path) as inflated:
                head = inflated.read(512)
        except (OSError, EOFError, zlib.error) as error:
            raise UnreadableImage("bad_archive") from error
        return "nifti" if is_nifti(head) else _refuse()
    if head[128:132] == b"DICM":
        return "dicom"
    if head.startswith(_RASTER):
        return "raster"
    if is_nifti(head):
        return "nifti"
    return "dicom" if looks_like_dicom(head) else _refuse()


def is_nifti(head: bytes) -> bool:
    """Whether a file's (uncompressed) first 352 bytes are a NIfTI-1 or NIfTI-2 header of a single file."""
    return head[344:348] in _NIFTI or head[4:8] == b"n+2\x00"


def _refuse() -> SourceKind:
    raise UnreadableImage("unreadable")
