"""COCO's segmentations: polygons, and run lengths as a list or in its packed text form.

COCO counts pixels column by column, and its polygons have (0, 0) at the image's corner, half a pixel up and left of
the centre of the first pixel.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from ml.imaging.contours import Ring, fill_polygons

Binary = npt.NDArray[np.bool_]
MAX_PIXELS = 1 << 28


def decode_segmentation(segmentation: Any, shape: tuple[int, int]) -> Binary:
    """The mask [row, column] of an annotation's `segmentation` in an image of `shape` (rows, columns).

    Takes a list of polygons [x1, y1, x2, y2, …] and {"size": [rows, columns], "counts": list or text}. Raises
    ValueError when it is malformed or of another size.
    """
    if isinstance(segmentation, list):
        return fill_polygons([polygon_to_ring(polygon) for polygon in segmentation], shape)
    if not isinstance(segmentation, dict) or "counts" not in segmentation:
        raise ValueError("a segmentation is a list of polygons or an object with counts")
    size = segmentation.get("size")
    if size is None or [int(side) for side in size] != list(shape):
        raise ValueError("the segmentation is for an image of another size")
    counts = segmentation["counts"]
    if isinstance(counts, str | bytes):
        counts = unpack_counts(counts.encode("ascii") if isinstance(counts, str) else counts)
    return decode_counts(counts, shape)


def decode_counts(counts: list[int], shape: tuple[int, int]) -> Binary:
    """Mask from run lengths that alternate 0, 1, 0 … down the columns. ValueError unless they fill `shape`."""
    lengths = np.asarray(counts)
    if lengths.ndim != 1 or lengths.dtype.kind not in "iu" or np.any(lengths < 0):
        raise ValueError("counts are whole numbers from 0 up")
    if shape[0] * shape[1] > MAX_PIXELS or int(lengths.astype(object).sum()) != shape[0] * shape[1]:
        raise ValueError("the counts do not fill the image")
    values = np.arange(lengths.size) % 2 == 1
    return np.repeat(values, lengths).reshape(shape[::-1]).T


def encode_counts(mask: npt.NDArray[np.generic]) -> dict[str, Any]:
    """{"size", "counts"} of a mask [row, column] whose non-zero pixels are the object."""
    flat = (np.asarray(mask) != 0).T.ravel()
    starts = np.concatenate(([0], np.flatnonzero(flat[1:] != flat[:-1]) + 1))
    counts = np.diff(starts, append=flat.size).tolist()
    return {"size": list(mask.shape), "counts": [0, *counts] if flat[0] else counts}


def unpack_counts(text: bytes) -> list[int]:
    """COCO's packed counts: 5 bits a character from 48 up, signed, from the third on as a difference to the count
    two before (`rleFrString` of pycocotools). ValueError when it is cut short or not of these characters.
    """
    counts: list[int] = []
    value = shift = 0
    for character in text:
        bits = character - 48
        if not 0 <= bits < 64 or shift > 30:
            raise ValueError("the packed counts are malformed")
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    if shift:
        raise ValueError("the packed counts are cut short")
    return counts


def pack_counts(counts: list[int]) -> bytes:
    """The packed text form of counts; `unpack_counts` reads it."""
    out = bytearray()
    for index, count in enumerate(counts):
        value = count - (counts[index - 2] if index > 2 else 0)
        more = True
        while more:
            bits = value & 0x1F
            value >>= 5
            more = value != (-1 if bits & 0x10 else 0)
            out.append((bits | 0x20 if more else bits) + 48)
    return bytes(out)


def polygon_to_ring(polygon: list[float]) -> Ring:
    """COCO's flat [x1, y1, …] as a ring of ours (pixel centres at whole numbers). ValueError for an odd length."""
    if not isinstance(polygon, list) or len(polygon) < 6 or len(polygon) % 2:
        raise ValueError("a polygon is a flat list of at least three points")
    return np.asarray(polygon, np.float64).reshape(-1, 2) - 0.5


def ring_to_polygon(ring: Ring) -> list[float]:
    """A ring as COCO's flat list."""
    return [float(value) for value in (np.asarray(ring) + 0.5).ravel()]
