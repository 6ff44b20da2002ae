"""What a file is, by its first bytes; its name only decides between kinds that bytes do not tell apart."""

from __future__ import annotations

import zlib
from enum import StrEnum
from pathlib import PurePosixPath

from ml.imaging.dicom import looks_like_dicom
from ml.imaging.sniff import is_nifti

HEAD_BYTES = 4_096


class FileType(StrEnum):
    """The kinds of files that an import tells apart."""

    DICOM = "dicom"
    PNG = "png"
    JPEG = "jpeg"
    TIFF = "tiff"
    NIFTI = "nifti"
    ZIP = "zip"
    LABELS = "labels"
    OTHER = "other"


RASTER = frozenset({FileType.PNG, FileType.JPEG, FileType.TIFF})
_LABEL_SUFFIXES = frozenset({".csv", ".json", ".xml"})
_MAGIC: tuple[tuple[bytes, FileType], ...] = (
    (b"\x89PNG\r\n\x1a\n", FileType.PNG),
    (b"\xff\xd8\xff", FileType.JPEG),
    (b"II*\0", FileType.TIFF),
    (b"MM\0*", FileType.TIFF),
    (b"II+\0", FileType.TIFF),
    (b"MM\0+", FileType.TIFF),
)


def sniff(head: bytes, name: str) -> FileType:
    """The type of a file, given its first `HEAD_BYTES` bytes (or all, if it has fewer) and its cleaned
    name.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if head[128:132] == b"DICM":
        return FileType.DICOM
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if is_nifti(head) or (head.startswith(b"\x1f\x8b") and is_nifti(_inflated(head))):
        return FileType.NIFTI
    if suffix == ".zip":
        return FileType.ZIP
    if suffix in _LABEL_SUFFIXES:
        return FileType.LABELS
    if looks_like_dicom(head) or suffix in (".dcm", ".dicom"):
        return FileType.DICOM
    return FileType.NIFTI if name.lower().endswith((".nii", ".nii.gz")) else FileType.OTHER


def _inflated(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(head, HEAD_BYTES)
    except zlib.error:
        return b""
