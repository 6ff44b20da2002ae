"""Where each stored frame lies in the file, and whether a browser can use its bytes as they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ml.imaging.dicom.files import DicomFile, PixelElement, open_dicom
from ml.imaging.dicom.header import PixelFormat, pixel_format
from ml.imaging.errors import UnreadableImage

Range = tuple[int, int]
IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.57"
JPEG_LOSSLESS_SV1 = "1.2.840.10008.1.2.4.70"
JPEG_LS = "1.2.840.10008.1.2.4.80"
JPEG_LS_NEAR = "1.2.840.10008.1.2.4.81"
JPEG_2000_LOSSLESS = "1.2.840.10008.1.2.4.90"
JPEG_2000 = "1.2.840.10008.1.2.4.91"
HTJ2K_LOSSLESS = "1.2.840.10008.1.2.4.201"
HTJ2K_LOSSLESS_RPCL = "1.2.840.10008.1.2.4.202"
HTJ2K = "1.2.840.10008.1.2.4.203"
RLE = "1.2.840.10008.1.2.5"
NATIVE = frozenset({IMPLICIT_LITTLE, EXPLICIT_LITTLE, DEFLATED, EXPLICIT_BIG})
_ITEM, _DELIMITER = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_CODESTREAM_STARTS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51")


@dataclass(frozen=True)
class FrameIndex:
    """The stored frames of one object.

    `fragments[i]` are the (offset, length) pieces of frame i + 1 in the stored file (in the inflated data
    set when `inflated`). `exact` says that each frame is one piece on byte borders, so that `ranges` can
    serve it.
    """

    transfer_syntax: str
    fragments: tuple[tuple[Range, ...], ...]
    exact: bool
    inflated: bool
    repairs: tuple[str, ...] = ()

    @property
    def ranges(self) -> tuple[Range, ...]:
        """(offset, length) of each frame. Raises ValueError when the frames are not `exact`."""
        if not self.exact:
            raise ValueError("the frames are in several pieces: rewrite them")
        return tuple(pieces[0] for pieces in self.fragments)


def frame_index(data: bytes | Path) -> FrameIndex:
    """Index an object's frames, given its bytes or its path.

    Native frames by arithmetic (PS3.5 section 8.1); encapsulated ones by the extended or basic offset
    table, else by the fragments themselves (annex A.4). Raises UnreadableImage: no_pixels, truncated,
    unreadable, and what `open_dicom` and `parse` raise.
    """
    with open_dicom(data) as file:
        return index_of(file, pixel_format(file, []))


def index_of(file: DicomFile, pixels: PixelFormat | None) -> FrameIndex:
    """`frame_index` for an already opened file."""
    if file.pixels is None or pixels is None:
        raise UnreadableImage("no_pixels")
    if file.pixels.length is not None or file.transfer_syntax in NATIVE:
        return _native(file, file.pixels, pixels)
    fragments, table, repairs = _walk(file, file.pixels.offset)
    starts = _extended_offsets(file) or table
    frames = _group(file, fragments, starts, pixels.frames, repairs)
    exact = not file.inflated and all(len(pieces) == 1 for pieces in frames)
    return FrameIndex(file.transfer_syntax, tuple(frames), exact, file.inflated, tuple(repairs))


def _native(file: DicomFile, element: PixelElement, pixels: PixelFormat) -> FrameIndex:
    if file.transfer_syntax not in NATIVE:
        raise UnreadableImage("unreadable", "The pixels are not encapsulated as their encoding requires.")
    bits = pixels.frame_bits
    needed = (bits * pixels.frames + 7) // 8
    available = file.size - element.offset
    if needed > min(available if element.length is None else element.length, available):
        raise UnreadableImage("truncated")
    frames: list[tuple[Range, ...]] = []
    for index in range(pixels.frames):
        start, end = bits * index // 8, (bits * (index + 1) + 7) // 8
        frames.append(((element.offset + start, end - start),))
    exact = not file.inflated and (bits % 8 == 0 or pixels.frames == 1)
    return FrameIndex(file.transfer_syntax, tuple(frames), exact, file.inflated)


def _walk(file: DicomFile, offset: int) -> tuple[list[Range], list[int], list[str]]:
    """The fragments after the basic offset table, the table's offsets (from the first fragment's item),
    repairs.
    """
    items: list[Range] = []
    repairs: list[str] = []
    while True:
        if offset + 8 > file.size:
            repairs.append("no delimiter after the last fragment")
            break
        head = file.read(offset, 8)
        length = int.from_bytes(head[4:], "little")
        if head[:4] == _DELIMITER:
            break
        if head[:4] != _ITEM:
            raise UnreadableImage("unreadable", "The encapsulated pixels are not a list of items.")
        if length > file.size - offset - 8:
            raise UnreadableImage("truncated")
        items.append((offset + 8, length))
        offset += 8 + length
    if not items:
        raise UnreadableImage("truncated")
    table = file.read(*items[0])
    offsets = [int.from_bytes(table[at : at + 4], "little") for at in range(0, len(table) - 3, 4)]
    return items[1:], offsets, repairs


def _extended_offsets(file: DicomFile) -> list[int]:
    """The extended offset table (PS3.3 C.7.6.3.1.8), empty when there is none."""
    try:
        value = file.dataset.get("ExtendedOffsetTable")
    except Exception:  # noqa: BLE001 - a broken table is no table; the fragments tell as much
        return []
    if not isinstance(value, bytes):
        return []
    return [int.from_bytes(value[at : at + 8], "little") for at in range(0, len(value) - 7, 8)]


def _group(
    file: DicomFile, fragments: list[Range], starts: Sequence[int], frames: int, repairs: list[str]
) -> list[tuple[Range, ...]]:
    """Fragments by frame: by the offset table when it is sound, else by count or by where codestreams
    start.
    """
    if len(fragments) < frames:
        raise UnreadableImage("truncated")
    if frames == 1:
        return [tuple(piece for piece in fragments if piece[1] > 0) or tuple(fragments[:1])]
    base = fragments[0][0] - 8
    by_offset = {offset - 8 - base: index for index, (offset, _) in enumerate(fragments)}
    firsts = [by_offset.get(start, -1) for start in starts]
    if firsts:
        if firsts[0] == 0 and firsts == sorted(set(firsts)) and len(firsts) == frames:
            return _cut(fragments, firsts)
        repairs.append("the offset table does not fit the fragments: ignored")
    if len(fragments) == frames:
        return [(piece,) for piece in fragments]
    firsts = [index for index, piece in enumerate(fragments) if _starts_codestream(file, piece)]
    if len(firsts) != frames or firsts[0] != 0:
        raise UnreadableImage("unreadable", "The fragments cannot be told apart into frames.")
    return _cut(fragments, firsts)


def _cut(fragments: list[Range], firsts: list[int]) -> list[tuple[Range, ...]]:
    ends = [*firsts[1:], len(fragments)]
    return [tuple(fragments[first:end]) for first, end in zip(firsts, ends, strict=True)]


def _starts_codestream(file: DicomFile, piece: Range) -> bool:
    return file.read(piece[0], min(piece[1], 4)).startswith(_CODESTREAM_STARTS)
