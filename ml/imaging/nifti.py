"""NIfTI-1 and -2 volumes (.nii, .nii.gz) as stacks of slices the way a radiologist looks at them.

NIfTI's voxel axes may run anywhere in RAS. Here a volume becomes [slice, row, column] by swapping and reversing axes
only, so no value is ever changed: axial slices from the feet up, seen from below (the patient's left on the right,
front on top); or, where the voxels are clearly longer along another axis, slices across that axis (coronal from the
front, sagittal from the left, head on top). `Layout` says what was done and undoes it.
"""

import gzip
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import nibabel
import numpy as np
import numpy.typing as npt

from ml.imaging.errors import UnreadableImage
from ml.imaging.geometry import Affine

Array = npt.NDArray[Any]
MAX_VOLUME_BYTES = 2 << 30
MAX_OFFSET = 1 << 28  # header extensions are never larger
ANISOTROPY = 1.5  # longer voxels than this (of the shortest side) make their axis the slice axis
# For each slice axis: directions of increasing slice, row and column in RAS, as (axis, sign).
_VIEWS = {
    2: ((2, 1), (1, -1), (0, -1)),  # axial: up, towards the back, towards the left
    1: ((1, -1), (2, -1), (0, -1)),  # coronal: towards the back, down, towards the left
    0: ((0, 1), (2, -1), (1, -1)),  # sagittal: towards the right, down, towards the back
}


@dataclass(frozen=True)
class Layout:
    """How a file's voxel axes became [slice, row, column]: `axes[i]` is the file's axis, `reversed[i]` its turn."""

    axes: tuple[int, int, int]
    reversed: tuple[bool, bool, bool]

    def apply(self, volume: Array) -> Array:
        """[x, y, z] as in the file → [slice, row, column] (a view)."""
        turned = volume.transpose(self.axes)
        return turned[tuple(slice(None, None, -1 if turn else 1) for turn in self.reversed)]

    def undo(self, volume: Array) -> Array:
        """[slice, row, column] → [x, y, z] as in the file (a view)."""
        straight = volume[tuple(slice(None, None, -1 if turn else 1) for turn in self.reversed)]
        return straight.transpose(np.argsort(self.axes))


@dataclass(frozen=True)
class NiftiInfo:
    """A NIfTI file's header. `shape` is [slice, row, column]; `affine` takes such indices to LPS mm.

    `nifti_affine` is the file's own ([x, y, z] → RAS mm); `dtype` that of stored values; values are
    stored × `slope` + `intercept`; `volumes` counts time points, of which the first is read.
    """

    shape: tuple[int, int, int]
    layout: Layout
    affine: Affine
    nifti_affine: Affine
    dtype: np.dtype[Any]
    slope: float
    intercept: float
    volumes: int
    offset: int

    @property
    def spacing(self) -> tuple[float, float, float]:
        """(slice, row, column) distances in mm."""
        lengths = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(lengths[0]), float(lengths[1]), float(lengths[2])


def nifti_info(path: Path) -> NiftiInfo:
    """Read the header. Raises UnreadableImage: unreadable, bad_archive, unsupported_shape, size_claim_too_large."""
    with _opened(path) as stream:
        return _info(_header(stream))


def read_nifti(path: Path) -> tuple[Array, NiftiInfo]:
    """Stored values [slice, row, column] in their own type, and the header. `scaled` gives physical values.

    Raises UnreadableImage as `nifti_info` does, and truncated.
    """
    with _opened(path) as stream:
        info = _info(_header(stream))
        count = int(np.prod(info.shape))
        try:
            stream.seek(info.offset)
            data = stream.read(count * info.dtype.itemsize)
        except (OSError, EOFError, zlib.error) as error:
            raise UnreadableImage("bad_archive") from error
    if len(data) != count * info.dtype.itemsize:
        raise UnreadableImage("truncated")
    in_file = tuple(info.shape[info.layout.axes.index(axis)] for axis in range(3))
    volume = np.frombuffer(data, info.dtype).reshape(in_file, order="F")
    return info.layout.apply(volume), info


def scaled(stored: Array, info: NiftiInfo) -> npt.NDArray[np.float32]:
    """Physical values (float32) of stored ones; NaN and infinities become 0."""
    values = stored.astype(np.float32)
    if (info.slope, info.intercept) != (1.0, 0.0):
        values = (stored * np.float64(info.slope) + info.intercept).astype(np.float32)
    return np.nan_to_num(values, copy=False, nan=0.0, posinf=0.0, neginf=0.0)


def layout_of(affine: npt.ArrayLike) -> Layout:
    """The layout for a file's affine ([x, y, z] → RAS mm)."""
    matrix = np.asarray(affine, np.float64)
    # nibabel: for each voxel axis the RAS axis it is nearest to, and whether it runs along or against it
    nearest = nibabel.orientations.io_orientation(matrix)
    if np.any(np.isnan(nearest)):
        raise UnreadableImage("unsupported_shape", "The volume's directions are degenerate.")
    to_voxel = {int(ras): (axis, int(sign)) for axis, (ras, sign) in enumerate(nearest)}
    lengths = np.linalg.norm(matrix[:3, :3], axis=0)
    longest = int(np.argmax(lengths))
    clear = lengths[longest] > ANISOTROPY * float(np.sort(lengths)[1])
    view = _VIEWS[int(nearest[longest][0]) if clear else 2]
    axes = tuple(to_voxel[ras][0] for ras, _ in view)
    turned = tuple(to_voxel[ras][1] != sign for ras, sign in view)
    return Layout(cast(tuple[int, int, int], axes), cast(tuple[bool, bool, bool], turned))


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as stream:
        compressed = stream.read(2) == b"\x1f\x8b"
    return cast(BinaryIO, gzip.open(path) if compressed else path.open("rb"))


def _header(stream: BinaryIO) -> Any:
    try:
        head = stream.read(540)
        kind = nibabel.Nifti2Header if head[4:8] == b"n+2\x00" else nibabel.Nifti1Header
        header = kind.from_fileobj(io.BytesIO(head), check=False)
        if bytes(header["magic"].item())[:3] not in (b"n+1", b"n+2"):
            raise UnreadableImage("unreadable", "Not a single-file NIfTI volume.")
        return header
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableImage("bad_archive") from error
    except UnreadableImage:
        raise
    except Exception as error:
        raise UnreadableImage("unreadable") from error


def _info(header: Any) -> NiftiInfo:
    try:
        dims = [int(size) for size in header["dim"]]
        dtype, affine = header.get_data_dtype(), np.asarray(header.get_best_affine(), np.float64)
        slope, intercept = header.get_slope_inter()
        offset = int(header["vox_offset"])
    except Exception as error:
        raise UnreadableImage("unreadable") from error
    if not 0 <= offset <= MAX_OFFSET:
        raise UnreadableImage("unreadable")
    if not 2 <= dims[0] <= 7 or dtype.kind not in "iuf" or not np.all(np.isfinite(affine)):
        raise UnreadableImage("unsupported_shape")
    sizes = [size if axis < dims[0] else 1 for axis, size in enumerate(dims[1:8])]
    if min(sizes) < 1:
        raise UnreadableImage("unsupported_shape")
    if int(np.prod([int(size) for size in sizes[:3]], dtype=object)) * dtype.itemsize > MAX_VOLUME_BYTES:
        raise UnreadableImage("size_claim_too_large")
    layout = layout_of(affine)
    return NiftiInfo(
        shape=(sizes[layout.axes[0]], sizes[layout.axes[1]], sizes[layout.axes[2]]),
        layout=layout,
        affine=_laid_out(affine, layout, sizes[:3]),
        nifti_affine=affine,
        dtype=dtype,
        slope=_finite(slope, 1.0) or 1.0,
        intercept=_finite(intercept, 0.0),
        volumes=int(np.prod(sizes[3:], dtype=object)),
        offset=offset,
    )


def _finite(value: float | None, default: float) -> float:
    return float(value) if value is not None and np.isfinite(value) else default


def _laid_out(affine: Affine, layout: Layout, sizes: list[int]) -> Affine:
    """[slice, row, column, 1] → LPS mm for a file's [x, y, z, 1] → RAS mm."""
    change = np.zeros((4, 4))
    change[3, 3] = 1
    for index, (axis, turned) in enumerate(zip(layout.axes, layout.reversed, strict=True)):
        change[axis, index] = -1 if turned else 1
        change[axis, 3] = sizes[axis] - 1 if turned else 0
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine @ change
