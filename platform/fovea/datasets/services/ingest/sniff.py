"""What a file is, by its first bytes; its name only decides between kinds that bytes do not tell apart."""

from __future__ import annotations

import struct
import zlib
from enum import StrEnum
from pathlib import PurePosixPath

from ml.imaging.dicom import looks_like_dicom

HEAD_BYTES = 4_096
_NIFTI_1, _NIFTI_2 = 348, 540  # length of the header, its first field


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
    if _is_nifti(head) or (head.startswith(b"\x1f\x8b") and _is_nifti(_inflated(head))):
        return FileType.NIFTI
    if suffix == ".zip":
        return FileType.ZIP
    if suffix in _LABEL_SUFFIXES:
        return FileType.LABELS
    if looks_like_dicom(head) or suffix in (".dcm", ".dicom"):
        return FileType.DICOM
    return FileType.NIFTI if name.lower().endswith((".nii", ".nii.gz")) else FileType.OTHER


def _is_nifti(head: bytes) -> bool:
    if len(head) < 348:
        return False
    sizes = (*struct.unpack("<i", head[:4]), *struct.unpack(">i", head[:4]))
    if _NIFTI_1 in sizes:
        return head[344:347] in (b"n+1", b"ni1")
    return _NIFTI_2 in sizes and head[4:7] in (b"n+2", b"ni2")


def _inflated(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(head, HEAD_BYTES)
    except zlib.error:
        return b""
