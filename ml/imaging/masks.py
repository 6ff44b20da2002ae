"""Label maps as bytes: the run-length code `fovea-rle-1`.

A slice is uint8 per pixel, row-major. Its code is a sequence of runs, each the value (1 byte) and the run's
length (unsigned LEB128, at least 1). Neighbouring runs differ in value and lengths use as few bytes as they
can, so equal masks have equal bytes. 0 is background, 255 is "not looked at", 1..254 are classes. An
all-zero slice is left out by whoever stores masks, never stored.
"""

import zlib

import numpy as np
import numpy.typing as npt

IGNORE = 255
_MAX_LENGTH_BYTES = 5

Mask = npt.NDArray[np.uint8]


def encode_rle(mask: npt.NDArray[np.generic]) -> bytes:
    """Code a label map [row, column] of values 0..255.

    Raises ValueError when the array is not two-dimensional, is empty or holds values that are not 0..255.
    """
    flat = _as_labels(mask).ravel()
    starts = np.concatenate(([0], np.flatnonzero(flat[1:] != flat[:-1]) + 1))
    lengths = np.diff(starts, append=flat.size)
    width = np.ones_like(lengths)
    for k in range(1, _MAX_LENGTH_BYTES):
        width += lengths >> (7 * k) > 0
    at = np.concatenate(([0], np.cumsum(width + 1)))
    out = np.empty(at[-1], np.uint8)
    out[at[:-1]] = flat[starts]
    for k in range(int(width.max())):
        runs = np.flatnonzero(width > k)
        more = np.where(width[runs] > k + 1, 0x80, 0)
        out[at[runs] + 1 + k] = (lengths[runs] >> (7 * k)) & 0x7F | more
    return out.tobytes()


def decode_rle(data: bytes, shape: tuple[int, int]) -> Mask:
    """Label map [row, column] of `shape` (rows, columns) from its code.

    Raises ValueError when the code is malformed, not canonical, or its runs do not sum to rows × columns.
    """
    values, lengths = _runs(data)
    if int(lengths.sum()) != shape[0] * shape[1]:
        raise ValueError(f"the runs do not fill {shape[0]} × {shape[1]} pixels")
    return np.repeat(values, lengths).reshape(shape)


def count_values(data: bytes) -> dict[int, int]:
    """Pixels per value in a coded slice, without decoding it. Raises ValueError as `decode_rle` does."""
    values, lengths = _runs(data)
    totals = np.bincount(values, weights=lengths, minlength=256).astype(np.int64)
    return {int(value): int(totals[value]) for value in np.flatnonzero(totals)}


def pack(rle: bytes) -> bytes:
    """The stored form of a code: zlib at level 9 (the same bytes for the same code)."""
    return zlib.compress(rle, 9)


def unpack(blob: bytes, limit: int) -> bytes:
    """The code inside a stored form. Raises ValueError when it is broken or inflates beyond `limit` bytes."""
    inflater = zlib.decompressobj()
    try:
        rle = inflater.decompress(blob, limit + 1)
    except zlib.error as error:
        raise ValueError("the stored mask is not a zlib stream") from error
    if len(rle) > limit:
        raise ValueError(f"the stored mask inflates beyond {limit} bytes")
    if not inflater.eof or inflater.unused_data:
        raise ValueError("the stored mask is cut short or has bytes after its end")
    return rle


def _as_labels(mask: npt.NDArray[np.generic]) -> Mask:
    if mask.ndim != 2 or mask.size == 0:
        raise ValueError("a mask is a non-empty array [row, column]")
    labels = mask.astype(np.uint8)
    if mask.dtype != np.uint8 and mask.dtype != np.bool_ and not np.array_equal(labels, mask):
        raise ValueError("a mask holds whole numbers from 0 to 255")
    return labels


def _runs(data: bytes) -> tuple[Mask, npt.NDArray[np.int64]]:
    """Values and lengths of the runs; ValueError unless the code is complete and canonical."""
    code = np.frombuffer(data, np.uint8)
    first, last = _run_bounds(code)
    values, size = code[first], last - first
    if size.max(initial=0) > _MAX_LENGTH_BYTES:
        raise ValueError("a run length has too many bytes")
    lengths = np.zeros(first.size, np.int64)
    for k in range(int(size.max(initial=0))):
        runs = np.flatnonzero(size > k)
        lengths[runs] |= (code[first[runs] + 1 + k].astype(np.int64) & 0x7F) << (7 * k)
    if first.size == 0 or np.any(code[last] == 0):
        raise ValueError("a run length is zero, missing, or longer than it need be")
    if np.any(values[1:] == values[:-1]):
        raise ValueError("neighbouring runs have the same value")
    return values, lengths


def _run_bounds(code: Mask) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Index of each run's value byte and of the last byte of its length.

    A length ends at the first byte below 128. A value byte may be above 127 too, so runs can only be told
    apart in order: the end that would follow each byte is computed at once, then the runs are walked.
    """
    size = code.size
    ends = np.where(code < 0x80, np.arange(size), size)
    end_from = np.append(np.minimum.accumulate(ends[::-1])[::-1], size).tolist()
    first: list[int] = []
    at = 0
    while at < size:
        first.append(at)
        at = end_from[at + 1] + 1
    if at > size:
        raise ValueError("the last run is cut short")
    starts = np.array(first, np.int64)
    return starts, np.append(starts[1:], size) - 1
