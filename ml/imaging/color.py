"""Colour as RGB, palettes and look-up tables."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from ml.imaging.dicom import values
from ml.imaging.dicom.header import PixelFormat
from ml.imaging.errors import UnreadableImage
from ml.imaging.windowing import LookupTable

Array = npt.NDArray[Any]
RGB = npt.NDArray[np.uint8]
_MAX_ENTRIES = 1 << 16
_COLORS = ("Red", "Green", "Blue")


def ybr_to_rgb(pixels: npt.NDArray[np.uint8]) -> RGB:
    """YBR_FULL [row, column, 3] as RGB (PS3.3 C.7.6.3.1.2, the inverse of the ITU-R BT.601 matrix there)."""
    y, cb, cr = (pixels[..., channel].astype(np.float32) for channel in range(3))
    red = y + 1.402 * (cr - 128)
    green = y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128)
    blue = y + 1.772 * (cb - 128)
    return np.clip(np.stack((red, green, blue), axis=-1) + 0.5, 0, 255).astype(np.uint8)


def has_palette(pixels: PixelFormat, dataset: Dataset) -> bool:
    """Whether the values are to be shown through a palette. Label maps have one too, but their values are labels."""
    return pixels.photometric == "PALETTE COLOR" and values.text(dataset, "Modality") != "SEG"


def palette_to_rgb(pixels: Array, dataset: Dataset) -> RGB:
    """PALETTE COLOR indices [row, column] as RGB (PS3.3 C.7.6.3.1.5). Raises
    UnreadableImage("unsupported_shape").
    """
    tables = [_palette(dataset, color) for color in _COLORS]
    looked_up = [table.apply(pixels) for table in tables]
    return np.stack([channel >> 8 for channel in looked_up], axis=-1).astype(np.uint8)


def rgb_to_uint8(pixels: Array, bits_stored: int) -> RGB:
    """Colour of any depth as 8 bits a channel."""
    if pixels.dtype == np.uint8 and bits_stored == 8:
        return pixels.astype(np.uint8)
    scaled = pixels.astype(np.float64) * (255 / ((1 << bits_stored) - 1))
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def lookup_table(dataset: Dataset | None, *, signed: bool) -> LookupTable | None:
    """The table in a modality or VOI LUT item (PS3.3 C.11.1, C.11.2); None when there is none that fits."""
    if dataset is None:
        return None
    descriptor = values.numbers(dataset, "LUTDescriptor", 3)
    if descriptor and signed and descriptor[1] > 0x7FFF:
        descriptor = (descriptor[0], descriptor[1] - (1 << 16), descriptor[2])
    return _table(descriptor, values.raw(dataset, "LUTData"), _word(dataset)) if descriptor else None


def expand_segments(words: list[int]) -> npt.NDArray[np.uint16]:
    """A segmented palette (PS3.3 C.7.9.2), its discrete, linear and indirect segments written out.

    Raises UnreadableImage("unsupported_shape") when it is malformed or longer than any table can be.
    """
    out: list[int] = []

    def expand(at: int, segments: int | None, depth: int) -> None:
        while at + 2 <= len(words) and segments != 0 and len(out) <= _MAX_ENTRIES:
            opcode, length = words[at], words[at + 1]
            segments = None if segments is None else segments - 1
            if opcode == 0 and at + 2 + length <= len(words):
                out.extend(words[at + 2 : at + 2 + length])
                at += 2 + length
            elif opcode == 1 and out and at + 3 <= len(words):
                out.extend(np.rint(np.linspace(out[-1], words[at + 2], length + 1)[1:]).astype(int).tolist())
                at += 3
            elif opcode == 2 and depth == 0 and at + 4 <= len(words):
                expand((words[at + 2] | words[at + 3] << 16) // 2, length, 1)
                at += 4
            else:
                raise UnreadableImage("unsupported_shape", "The segmented colour palette is malformed.")

    expand(0, None, 0)
    if not 0 < len(out) <= _MAX_ENTRIES:
        raise UnreadableImage("unsupported_shape", "The segmented colour palette is malformed.")
    return np.array(out, np.uint16)


def _palette(dataset: Dataset, color: str) -> LookupTable:
    """One channel's table, its values scaled to 16 bits."""
    descriptor = values.numbers(dataset, f"{color}PaletteColorLookupTableDescriptor", 3)
    data = values.raw(dataset, f"{color}PaletteColorLookupTableData")
    segments = values.raw(dataset, f"Segmented{color}PaletteColorLookupTableData")
    word = _word(dataset)
    if data is None and isinstance(segments, bytes):
        data = expand_segments(np.frombuffer(segments[: len(segments) // 2 * 2], word).tolist()).tobytes()
        word = np.dtype("<u2")
    table = _table(descriptor, data, word) if descriptor else None
    if table is None:
        raise UnreadableImage("unsupported_shape", "The colour palette is missing.")
    eight_bits = descriptor[2] == 8 or int(table.values.max(initial=0)) < 256
    return LookupTable(table.first, (table.values << 8).astype(np.uint16)) if eight_bits else table


def _word(dataset: Dataset) -> np.dtype[np.uint16]:
    """How the file a data set comes from orders the bytes of 16-bit words."""
    return np.dtype(">u2" if dataset.original_encoding[1] is False else "<u2")


def _table(descriptor: tuple[float, ...], data: object, word: np.dtype[np.uint16]) -> LookupTable | None:
    entries, first, bits = (int(part) for part in descriptor)
    entries = entries & 0xFFFF or 1 << 16
    if isinstance(data, bytes):
        one_byte = bits == 8 and len(data) <= entries + 1
        size = entries if one_byte else min(entries, len(data) // 2) * 2
        found: Array = np.frombuffer(data[:size], np.uint8 if one_byte else word)
    elif isinstance(data, int):
        found = np.array([data])
    elif data is None:
        return None
    else:
        found = np.array(list(cast(Sequence[int], data)))
    return LookupTable(first, (found.astype(np.int64) & 0xFFFF).astype(np.uint16)) if found.size else None
