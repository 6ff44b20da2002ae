"""Frames and volumes in physical units, from files that the platform has already taken in.

Decoding runs in this process, with the size checks of `codecs`. For files from strangers use
`ml.imaging.decode`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ml.imaging.color import has_palette, lookup_table, palette_to_rgb, rgb_to_uint8
from ml.imaging.dicom import values
from ml.imaging.dicom.framegroups import frame_header
from ml.imaging.errors import UnreadableImage
from ml.imaging.nifti import NiftiInfo, read_nifti, scaled
from ml.imaging.raster import read_raster
from ml.imaging.sniff import SourceKind
from ml.imaging.stored import StoredFrames, open_frames
from ml.imaging.windowing import LookupTable, Window

Pixels = npt.NDArray[np.float32] | npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Frame:
    """One 2D image.

    `pixels`: float32 [row, column] in physical units (HU for CT; larger = brighter), or uint8 [row, column,
    3] RGB. `spacing`: (row, column) in mm, or None. `windows` and `voi_lut`: how the file wants to be
    shown, in the unit of `pixels`.
    """

    pixels: Pixels
    modality: str = ""
    spacing: tuple[float, float] | None = None
    windows: tuple[Window, ...] = ()
    voi_lut: LookupTable | None = None

    @property
    def is_color(self) -> bool:
        return self.pixels.ndim == 3


def read_frame(path: Path | str, *, frame: int = 1, kind: SourceKind = "dicom") -> Frame:
    """Read one frame (counting from 1) of a stored file.

    DICOM: modality LUT or rescale applied, MONOCHROME1 inverted, palette and YBR as RGB. Raster: grey as
    stored, colour as 8-bit RGB. NIfTI: scaled values, `frame` is the slice in the order of `ml.imaging.nifti`.
    Raises UnreadableImage.
    """
    return read_frames(path, [frame], kind=kind)[0]


def read_frames(path: Path | str, frames: Sequence[int], *, kind: SourceKind = "dicom") -> list[Frame]:
    """Several frames of one file, opening (and for NIfTI inflating) it once. As `read_frame`."""
    path = Path(path)
    if kind == "dicom":
        with open_frames(path) as stored:
            return [dicom_frame(stored, frame) for frame in frames]
    if kind == "raster":
        return [raster_frame(path, frame) for frame in frames]
    volume, info = _volume(path, path.stat().st_mtime_ns)
    if not all(1 <= frame <= len(volume) for frame in frames):
        raise UnreadableImage("frame_out_of_range")
    return [Frame(scaled(volume[frame - 1], info), "MR", info.spacing[1:]) for frame in frames]


@lru_cache(maxsize=1)
def _volume(path: Path, changed: int) -> tuple[npt.NDArray[np.generic], NiftiInfo]:
    """The volume read last: its slices are mostly asked for one by one, and inflating takes seconds."""
    volume, info = read_nifti(path)
    return volume, info


def raster_frame(path: Path, frame: int) -> Frame:
    """One page of a PNG, JPEG or TIFF: grey as float32, colour as 8-bit RGB."""
    pixels = read_raster(path, frame)
    if pixels.ndim == 3:
        return Frame(pixels)
    return Frame(np.nan_to_num(pixels.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0))


def dicom_frame(stored: StoredFrames, frame: int) -> Frame:
    """One frame of an opened object, as `read_frame` gives it."""
    decoded = stored.decode(frame)
    dataset, pixels = stored.file.dataset, stored.pixels
    header = frame_header(dataset, frame)
    modality = values.text(dataset, "Modality").upper()
    if has_palette(pixels, dataset):
        return Frame(palette_to_rgb(decoded, dataset), modality, header.spacing)
    if pixels.samples >= 3:
        return Frame(rgb_to_uint8(decoded[..., :3], pixels.bits_stored), modality, header.spacing)
    table = lookup_table(values.first_item(dataset, "ModalityLUTSequence"), signed=pixels.signed)
    physical = table.apply(decoded) if table else decoded
    if table is None and (header.slope, header.intercept) != (1.0, 0.0):
        physical = decoded * np.float64(header.slope) + header.intercept
    voi = lookup_table(values.first_item(dataset, "VOILUTSequence"), signed=pixels.signed)
    shown = Frame(physical.astype(np.float32), modality, header.spacing, header.windows, voi)
    if pixels.photometric != "MONOCHROME1" or pixels.floating:
        return shown
    ends = (table.values.min(), table.values.max()) if table else pixels.stored_range
    total = float(ends[0]) + float(ends[1])
    return inverted(shown, total if table else total * header.slope + 2 * header.intercept)


def inverted(frame: Frame, total: float) -> Frame:
    """A MONOCHROME1 frame as MONOCHROME2: each value v becomes `total` − v, and so do its windows and table."""
    windows = tuple(
        replace(window, center=total - window.center + (1 if window.function == "LINEAR" else 0))
        for window in frame.windows
    )
    voi = frame.voi_lut
    if voi is not None:
        turned = voi.values.max() - voi.values[::-1]
        voi = LookupTable(round(total) - voi.first - voi.values.size + 1, turned)
    return Frame((total - frame.pixels).astype(np.float32), frame.modality, frame.spacing, windows, voi)
