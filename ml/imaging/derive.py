"""New frame files for the viewer: what it cannot decode, as 8- or 16-bit values that it can.

Grey values stay what they are where 8 or 16 bits hold them. Floats and wider integers are put on 65,536 levels; the
step is said, and rescale slope and intercept lead back to the original values.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import jpeg_ls
import numpy as np
import numpy.typing as npt

from ml.imaging.color import has_palette, lookup_table, palette_to_rgb, rgb_to_uint8
from ml.imaging.dicom import values
from ml.imaging.dicom.framegroups import frame_headers
from ml.imaging.dicom.frames import EXPLICIT_LITTLE, JPEG_LS
from ml.imaging.nifti import read_nifti
from ml.imaging.raster import raster_info, read_raster
from ml.imaging.stored import StoredFrames

Array = npt.NDArray[Any]
_LEVELS = (1 << 16) - 1
_WORTHWHILE = 0.9  # JPEG-LS is used when the frames shrink at least to this
_PALETTE = ("00281101", "00281102", "00281103", "00281201", "00281202", "00281203")
_MODALITY_LUT, _SMALLEST, _LARGEST = "00283000", "00280106", "00280107"
_NO_LONGER_TRUE = (*_PALETTE, _MODALITY_LUT, _SMALLEST, _LARGEST)
Overrides = dict[str, dict[str, Any] | None]


@dataclass(frozen=True)
class Source:
    """Frames to write: `frames()` decodes them one by one, more than once. Grey of any type, or uint8 RGB.

    `slope` and `intercept` lead from those values to physical ones; None when they differ from frame to frame.
    """

    frames: "FrameFactory"
    slope: float | None = 1.0
    intercept: float | None = 0.0
    photometric: str = "MONOCHROME2"  # of grey frames


class FrameFactory(Protocol):
    """Starts decoding all frames again."""

    def __call__(self) -> Iterator[Array]: ...


@dataclass(frozen=True)
class Derived:
    """What was written: ranges of the frames, their transfer syntax, metadata that changed, worst deviation."""

    ranges: tuple[tuple[int, int], ...]
    transfer_syntax: str
    overrides: Overrides
    max_error: float


@dataclass(frozen=True)
class _Levels:
    """Grey values as stored ones: stored = round((value − `low`) / `step`) as `dtype`."""

    dtype: np.dtype[Any]
    low: float = 0.0
    step: float = 1.0

    def apply(self, frame: Array) -> Array:
        if (self.low, self.step) == (0.0, 1.0):
            return frame.astype(self.dtype)
        finite = np.nan_to_num(frame.astype(np.float64), nan=self.low, posinf=self.low, neginf=self.low)
        return np.clip(np.rint((finite - self.low) / self.step), 0, _LEVELS).astype(self.dtype)

    @property
    def error(self) -> float:
        """Largest deviation that the steps cause."""
        return 0.0 if self.step == 1.0 else self.step / 2


def dicom_source(stored: StoredFrames) -> Source:
    """An object's frames: palettes and YBR as RGB, modality look-up tables applied."""
    pixels, dataset = stored.pixels, stored.file.dataset
    headers = frame_headers(dataset, pixels.frames)
    table = lookup_table(values.first_item(dataset, "ModalityLUTSequence"), signed=pixels.signed)
    scales = {(header.slope, header.intercept) for header in headers}
    wide = pixels.floating or pixels.bits_allocated > 16
    each_scaled = wide and len(scales) > 1 and table is None

    def frames() -> Iterator[Array]:
        for number, header in enumerate(headers, start=1):
            frame = stored.decode(number)
            if has_palette(pixels, dataset):
                yield palette_to_rgb(frame, dataset)
            elif pixels.samples >= 3:
                yield rgb_to_uint8(frame[..., :3], pixels.bits_stored)
            elif table is not None:
                yield table.apply(frame)
            else:
                yield frame * header.slope + header.intercept if each_scaled else frame

    photometric = "MONOCHROME1" if pixels.photometric == "MONOCHROME1" else "MONOCHROME2"
    if table is not None or each_scaled:
        return Source(frames, photometric=photometric)
    slope, intercept = scales.pop() if len(scales) == 1 else (None, None)
    return Source(frames, slope, intercept, photometric)


def raster_source(path: Path) -> Source:
    """The pages of a PNG, JPEG or TIFF file."""
    count = raster_info(path).frames
    return Source(lambda: (read_raster(path, page) for page in range(1, count + 1)))


def nifti_source(path: Path) -> Source:
    """The slices of a NIfTI file, in the order of `ml.imaging.nifti`."""
    volume, info = read_nifti(path)
    return Source(partial(iter, volume), info.slope, info.intercept)


def write_frames(source: Source, out: Path) -> Derived:
    """Write frames one after the other to `out`: grey as JPEG-LS lossless (PS3.5 A.4.3) where that is smaller, else
    raw explicit little endian values.
    """
    levels = _levels(source)
    written = None
    if levels is not None and levels.dtype.kind == "u":
        written = _write(source, out, levels, _jpeg_ls)
    syntax = JPEG_LS if written else EXPLICIT_LITTLE
    ranges, last = written or _write(source, out, levels, _raw) or ((), np.zeros((0, 0), np.uint8))
    error = 0.0 if levels is None else levels.error * abs(source.slope or 1.0)
    return Derived(ranges, syntax, _overrides(last, source, levels), error)


def _write(
    source: Source, out: Path, levels: _Levels | None, encode: Callable[[Array], bytes | None]
) -> tuple[tuple[tuple[int, int], ...], Array] | None:
    """Ranges of the encoded frames and the last frame; None when encoding them was not worth it."""
    ranges: list[tuple[int, int]] = []
    raw_size = 0
    shown: Array = np.zeros((0, 0), np.uint8)
    with out.open("wb") as stream:
        for frame in source.frames():
            shown = frame if levels is None else levels.apply(frame)
            data = encode(shown)
            raw_size += shown.nbytes
            if data is None:
                return None
            ranges.append((stream.tell(), len(data)))
            stream.write(data)
        worth_it = encode is _raw or stream.tell() <= _WORTHWHILE * raw_size
    return (tuple(ranges), shown) if worth_it else None


def _levels(source: Source) -> _Levels | None:
    """How to store grey values without loss if 16 bits can, else on 65,536 levels; None for colour."""
    low, high, whole = np.inf, -np.inf, True
    for frame in source.frames():
        if frame.ndim == 3:
            return None
        if frame.dtype.kind in "iu" and frame.dtype.itemsize <= 2:
            return _narrow(frame.dtype, keep=source.slope is None)
        finite = frame[np.isfinite(frame)]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
            whole = whole and bool(np.all(finite == np.rint(finite)))
    if not np.isfinite(low):
        low, high = 0.0, 0.0
    if whole and high - low <= _LEVELS:
        fits = low >= 0 and high <= _LEVELS
        return _Levels(np.dtype(np.uint8 if fits and high <= 255 else np.uint16), 0.0 if fits else low)
    return _Levels(np.dtype(np.uint16), low, (high - low) / _LEVELS or 1.0)


def _narrow(dtype: np.dtype[Any], *, keep: bool) -> _Levels:
    """Whole values of 8 or 16 bits: unsigned as they are, signed moved up to begin at 0 (JPEG-LS has no sign; the
    intercept says so), or with `keep` only widened to a type that the viewer has.
    """
    if dtype.kind == "u":
        return _Levels(np.dtype(f"u{dtype.itemsize}"))
    return (
        _Levels(np.dtype(np.int16))
        if keep
        else _Levels(np.dtype(np.uint16), -float(1 << (8 * dtype.itemsize - 1)))
    )


def _raw(frame: Array) -> bytes:
    return frame.astype(frame.dtype.newbyteorder("<")).tobytes()


def _jpeg_ls(frame: Array) -> bytes | None:
    """One unsigned grey frame as a JPEG-LS codestream of just the precision it needs; None when it grows."""
    bits = max(int(frame.max()).bit_length(), 2 if frame.dtype.itemsize == 1 else 9)
    try:
        return bytes(jpeg_ls.encode_buffer(_raw(frame), *frame.shape, 1, bits))
    except RuntimeError:  # the encoder's buffer is as large as the image: noise does not fit
        return None


def _overrides(frame: Array, source: Source, levels: _Levels | None) -> Overrides:
    bits = 8 * frame.dtype.itemsize
    made: Overrides = dict.fromkeys(_NO_LONGER_TRUE)
    made["00280002"] = _us(3 if frame.ndim == 3 else 1)
    made["00280100"], made["00280101"], made["00280102"] = _us(bits), _us(bits), _us(bits - 1)
    made["00280103"] = _us(int(frame.dtype.kind == "i"))
    made["00280006"] = _us(0) if frame.ndim == 3 else None
    made["00280004"] = {"vr": "CS", "Value": [source.photometric if levels else "RGB"]}
    if levels is None:
        made["00281052"] = made["00281053"] = None
    elif source.slope is not None and source.intercept is not None:
        made["00281053"] = {"vr": "DS", "Value": [source.slope * levels.step]}
        made["00281052"] = {"vr": "DS", "Value": [source.intercept + source.slope * levels.low]}
    return made


def _us(value: int) -> dict[str, Any]:
    return {"vr": "US", "Value": [value]}
