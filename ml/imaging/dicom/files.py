"""Open a DICOM file up to its pixels, whatever shape it is in, within bounds.

Tolerant as PS3.10 files in the wild need it (no preamble, no file meta information, no transfer syntax) and
bounded where a hostile file would hurt: deflated data sets are inflated up to a limit before pydicom sees
them, reads never ask for more bytes than there are, and nesting that exhausts the stack is a refusal like
any other.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import pydicom
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from ml.imaging.errors import UnreadableImage

# Values that break their VR's rules are read as they are. pydicom would otherwise warn with the value
# itself, and a patient's data must not reach a log.
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE

MAX_INFLATED_BYTES = 1 << 30
MAX_ELEMENT_BYTES = 16 << 20  # nothing used here is larger: such elements are skipped
UNDEFINED_LENGTH = 0xFFFFFFFF
PIXEL_TAGS = (0x7FE00008, 0x7FE00009, 0x7FE00010)
_LONG_HEADER_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
_DIRECTORY = 0x00041220  # the record sequence of a DICOMDIR
_RECOGNISABLE = (_DIRECTORY, 0x00080016, 0x00080018, 0x00080060, 0x0020000D, 0x0020000E, 0x00280010)


@dataclass(frozen=True)
class PixelElement:
    """Where the pixel data element's value lies. `length` is None when it is encapsulated (undefined
    length); `vr` is empty in implicit files.
    """

    tag: int
    vr: str
    offset: int
    length: int | None


@dataclass
class DicomFile:
    """An opened file: its data set up to the pixels, and its bytes (offsets count in `source`)."""

    dataset: Dataset
    meta: Dataset
    transfer_syntax: str
    little_endian: bool
    pixels: PixelElement | None
    source: BinaryIO
    size: int
    inflated: bool  # `source` is the inflated data set, not the stored file
    repairs: list[str]

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`; UnreadableImage("truncated") when the file ends before."""
        self.source.seek(offset)
        data = self.source.read(length) if 0 <= length <= self.size - offset else b""
        if len(data) != length:
            raise UnreadableImage("truncated")
        return data


class _Clamped(io.RawIOBase):
    """Reads never ask for more than is left: a claimed length would be allocated first."""

    def __init__(self, source: BinaryIO, size: int) -> None:
        self._source, self._size = source, size

    def read(self, size: int = -1) -> bytes:
        left = max(self._size - self._source.tell(), 0)
        return self._source.read(left if size < 0 else min(size, left))

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._source.seek(offset, whence)

    def tell(self) -> int:
        return self._source.tell()


def _clamped(source: BinaryIO, size: int) -> BinaryIO:
    return cast(BinaryIO, _Clamped(source, size))


def looks_like_dicom(head: bytes) -> bool:
    """Whether a file's first bytes (132 or more) are a DICOM preamble, or a data set written without one."""
    if head[128:132] == b"DICM":
        return True
    if len(head) < 8:
        return False
    group, element, vr = struct.unpack("<HH2s", head[:6])
    explicit = vr.isalpha() and vr.isupper()
    (length,) = struct.unpack("<L", head[4:8])
    return group in (0x0002, 0x0008) and element <= 0x0020 and (explicit or length < 256)


@contextmanager
def open_dicom(data: bytes | Path, *, max_inflated: int = MAX_INFLATED_BYTES) -> Iterator[DicomFile]:
    """Open a DICOM object (PS3.10 section 7), given its bytes or path, and read it up to the pixels.

    Raises UnreadableImage: unreadable, nested_too_deep, inflates_too_large, bad_archive (broken deflate
    stream).
    """
    stream: BinaryIO
    if isinstance(data, bytes):
        stream, size = io.BytesIO(data), len(data)
    else:
        size = data.stat().st_size
        stream = data.open("rb")
    with stream:
        try:
            yield _read(stream, size, max_inflated)
        except RecursionError:
            raise UnreadableImage("nested_too_deep") from None


def _read(stream: BinaryIO, size: int, max_inflated: int) -> DicomFile:
    repairs: list[str] = []
    try:
        meta = _read_meta(_clamped(stream, size), repairs)
        implicit, little, syntax = _encoding(meta, stream, repairs)
        inflated = syntax == DeflatedExplicitVRLittleEndian
        if inflated:
            content = _inflate(stream, max_inflated, repairs)
            stream, size = io.BytesIO(content), len(content)
        dataset, pixels = _read_up_to_pixels(_clamped(stream, size), implicit, little)
    except (UnreadableImage, RecursionError):
        raise
    except Exception:  # noqa: BLE001 - pydicom raises nearly anything on broken bytes, and quotes them
        raise UnreadableImage("unreadable", "The DICOM structure is broken.") from None
    if not any(tag in dataset for tag in _RECOGNISABLE):
        raise UnreadableImage("unreadable", "The file holds no DICOM data set.")
    return DicomFile(dataset, meta, syntax, little, pixels, stream, size, inflated, repairs)


def _read_meta(stream: BinaryIO, repairs: list[str]) -> Dataset:
    """The file meta group (PS3.10 section 7.1); leaves `stream` at the first byte of the data set."""
    stream.seek(128)
    if stream.read(4) != b"DICM":
        repairs.append("no preamble")
        stream.seek(0)
    meta = read_dataset(
        stream, is_implicit_VR=False, is_little_endian=True, stop_when=lambda tag, vr, length: tag >> 16 != 2
    )
    if not len(meta):
        repairs.append("no file meta information")
    return meta


def _encoding(meta: Dataset, stream: BinaryIO, repairs: list[str]) -> tuple[bool, bool, str]:
    """(implicit VR, little endian, transfer syntax UID); the first element tells when the file does not
    say.
    """
    syntax = str(meta.get("TransferSyntaxUID") or "")
    if not syntax:
        start = stream.tell()
        head = stream.read(6)
        stream.seek(start)
        if len(head) < 6:
            raise UnreadableImage("unreadable", "The file ends before its data set.")
        group = int.from_bytes(head[:2], "little")
        explicit = head[4:6].isalpha() and head[4:6].isupper()
        big = explicit and group >= 0x0100
        syntax = (
            ExplicitVRBigEndian if big else ExplicitVRLittleEndian if explicit else ImplicitVRLittleEndian
        )
        repairs.append("no transfer syntax: guessed from the first element")
    return syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian, str(syntax)


def _inflate(stream: BinaryIO, limit: int, repairs: list[str]) -> bytes:
    """The data set of a deflated file (PS3.5 annex A.5), at most `limit` bytes."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = inflater.decompress(stream.read(), limit + 1)
    except zlib.error as error:
        raise UnreadableImage("bad_archive", "The deflated data set is broken.") from error
    if len(content) > limit:
        raise UnreadableImage("inflates_too_large")
    if not inflater.eof:
        repairs.append("the deflated data set is cut short")
    return content


def _read_up_to_pixels(stream: BinaryIO, implicit: bool, little: bool) -> tuple[Dataset, PixelElement | None]:
    found: list[tuple[int, str, int]] = []

    def at_pixels(tag: BaseTag, vr: str | None, length: int) -> bool:
        if int(tag) not in PIXEL_TAGS:
            return False
        found.append((int(tag), vr or "", length))
        return True

    dataset = read_dataset(stream, implicit, little, stop_when=at_pixels, defer_size=MAX_ELEMENT_BYTES)
    if not found:
        return dataset, None
    tag, vr, length = found[-1]
    offset = stream.tell() + (12 if vr in _LONG_HEADER_VRS else 8)
    return dataset, PixelElement(tag, vr, offset, None if length == UNDEFINED_LENGTH else length)
