"""What a compressed image says of itself, read from its header alone, before a decoder believes it."""

import struct
from dataclasses import dataclass

from ml.imaging.errors import UnreadableImage

_STANDALONE = frozenset({0x01, 0xD8, *range(0xD0, 0xD8)})
_NOT_FRAMES = frozenset({0xC4, 0xC8, 0xCC})


@dataclass(frozen=True)
class Codestream:
    """Size and sample format a codestream declares. `process` is the JPEG SOF marker's low byte, or "J2K"."""

    rows: int
    columns: int
    samples: int
    bits: int
    signed: bool
    process: str

    @property
    def baseline(self) -> bool:
        """Whether it is 8-bit sequential Huffman JPEG, which every browser decodes."""
        return self.process in ("C0", "C1") and self.bits == 8


def inspect(data: bytes) -> Codestream | None:
    """The declared format of a JPEG, JPEG-LS (ISO 10918-1 B.2.2, 14495-1 C.2.2), JPEG 2000 or HTJ2K
    codestream (15444-1 A.5.1), also inside a JP2 box; None for any other data.

    Raises UnreadableImage("truncated") when it starts as one but ends before it says its size.
    """
    if data[:2] == b"\xff\xd8":
        return _jpeg(data)
    if data[:4] == b"\xff\x4f\xff\x51":
        return _jpeg2000(data)
    if data[4:8] == b"jP  ":
        start = data.find(b"\xff\x4f\xff\x51")
        return _jpeg2000(data[start:]) if start >= 0 else None
    return None


def says_ycbcr(data: bytes) -> bool:
    """Whether a JPEG stream names its colour as YCbCr: a JFIF marker, or a whole Adobe marker with transform 1."""
    head = data[:1024]
    adobe = head.find(b"Adobe")
    marker = adobe >= 4 and head[adobe - 4 : adobe - 2] == b"\xff\xee"
    whole = marker and int.from_bytes(head[adobe - 2 : adobe], "big") >= 14
    return head[6:11] == b"JFIF\0" or (whole and head[adobe + 11 : adobe + 12] == b"\x01")


def _jpeg(data: bytes) -> Codestream:
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            raise UnreadableImage("decode_failed", "The JPEG stream is broken before its size.")
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _STANDALONE:
            at += 2
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if (0xC0 <= marker <= 0xCF and marker not in _NOT_FRAMES) or marker == 0xF7:
            if at + 10 > len(data):
                break
            bits, rows, columns, samples = struct.unpack(">BHHB", data[at + 4 : at + 10])
            return Codestream(rows, columns, samples, bits, False, f"{marker:02X}")
        at += 2 + max(length, 2)
    raise UnreadableImage("truncated")


def _jpeg2000(data: bytes) -> Codestream:
    if len(data) < 43:
        raise UnreadableImage("truncated")
    width, height, left, top = struct.unpack(">4L", data[8:24])
    (samples,) = struct.unpack(">H", data[40:42])
    depth = data[42]
    return Codestream(height - top, width - left, samples, (depth & 0x7F) + 1, bool(depth & 0x80), "J2K")
