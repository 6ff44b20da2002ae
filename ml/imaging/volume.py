"""Volumes in physical units from single slices or whole files, with their place in the patient."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ml.imaging.errors import UnreadableImage
from ml.imaging.geometry import Affine, Finding, Plane, examine, planes_of
from ml.imaging.nifti import nifti_info
from ml.imaging.objects import describe
from ml.imaging.reader import read_frames
from ml.imaging.sniff import SourceKind

Source = tuple[Path, int]


@dataclass(frozen=True)
class Volume:
    """`pixels`: float32 [slice, row, column] in physical units; `affine`: such an index → LPS mm; `order`: which of
    the given sources each slice is; `spacing`: (slice, row, column) mm.
    """

    pixels: npt.NDArray[np.float32]
    affine: Affine
    order: tuple[int, ...]

    @property
    def spacing(self) -> tuple[float, float, float]:
        lengths = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(lengths[0]), float(lengths[1]), float(lengths[2])


class NotAVolume(UnreadableImage):
    """The slices do not form a regular volume; `findings` say why."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("not_a_volume", " ".join(finding.message for finding in findings))
        self.findings = findings

    def __reduce__(self) -> tuple[type, tuple[tuple[Finding, ...]]]:  # type: ignore[override]
        return type(self), (self.findings,)


def read_volume(sources: Sequence[Source], *, kind: SourceKind = "dicom") -> Volume:
    """Read frames given as (path, frame number) and put them in order in space.

    Raises NotAVolume when they are not one regular grey volume (nothing is guessed or resampled), UnreadableImage
    for a file that cannot be read.
    """
    if not sources:
        raise NotAVolume(())
    if kind == "nifti":
        return _read_nifti(sources)
    planes = _planes(sources)
    geometry = examine(planes)
    if geometry.affine is None:
        raise NotAVolume(geometry.findings)
    pixels = _read(sources, kind)
    return Volume(pixels[list(geometry.order)], geometry.affine, geometry.order)


def _planes(sources: Sequence[Source]) -> list[Plane]:
    known: dict[Path, list[Plane]] = {}
    for path, _ in sources:
        if path not in known:
            known[path] = planes_of(describe(path).header)
    if any(not 1 <= frame <= len(known[path]) for path, frame in sources):
        raise UnreadableImage("frame_out_of_range")
    return [known[path][frame - 1] for path, frame in sources]


def _read(sources: Sequence[Source], kind: SourceKind) -> npt.NDArray[np.float32]:
    by_path: dict[Path, list[int]] = {}
    for index, (path, _) in enumerate(sources):
        by_path.setdefault(path, []).append(index)
    slices: dict[int, npt.NDArray[np.float32]] = {}
    for path, indices in by_path.items():
        for index, frame in zip(
            indices, read_frames(path, [sources[k][1] for k in indices], kind=kind), strict=True
        ):
            if frame.is_color:
                raise UnreadableImage("unsupported_shape", "Colour images do not form a volume.")
            slices[index] = frame.pixels.astype(np.float32, copy=False)
    return np.stack([slices[index] for index in range(len(sources))])


def _read_nifti(sources: Sequence[Source]) -> Volume:
    """Neighbouring slices of one file; its own affine is exact even where the axes are sheared."""
    path, first = sources[0]
    numbers = [frame for source, frame in sources if source == path]
    if numbers != list(range(first, first + len(sources))):
        raise UnreadableImage("not_a_volume", "The slices are not neighbours in one file.")
    affine = nifti_info(path).affine.copy()
    affine[:3, 3] += affine[:3, 0] * (first - 1)
    return Volume(_read(sources, "nifti"), affine, tuple(range(len(sources))))
