"""Where images lie in the patient: directions, slice order, checks of a series, and the affine of a volume.

Patient coordinates are DICOM's LPS in mm: x to the left, y to the back (posterior), z to the head. Volumes are
[slice, row, column], and so are the index vectors an affine takes. NIfTI's RAS and its [x, y, z] index order appear
only in the functions that name them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.imaging.dicom.header import DicomHeader

Vector = npt.NDArray[np.float64]
Affine = npt.NDArray[np.float64]

ORIENTATION_TOLERANCE = 1e-3  # difference of direction cosines: 0.06°
DUPLICATE_TOLERANCE_MM = 0.01  # slices nearer than this are in one place
SPACING_TOLERANCE = 0.02  # of the usual distance; positions are often rounded to 0.01 mm
SPACING_TOLERANCE_MM = 0.02
TILT_TOLERANCE_MM = 0.1  # sideways shift between neighbours
_LETTERS = (("L", "R"), ("P", "A"), ("H", "F"))
FINDINGS: dict[str, str] = {
    "no_position": "Slices without a position or orientation cannot be ordered in space.",
    "no_spacing": "Slices without a pixel spacing have no size in millimetres.",
    "mixed_orientation": "The slices do not all face the same way.",
    "mixed_size": "The slices differ in rows or columns.",
    "mixed_spacing": "The slices differ in pixel spacing.",
    "several_groups": "The series holds several time points or acquisitions.",
    "duplicate_position": "Slices lie in the same place.",
    "gap": "Slices are missing between neighbours.",
    "uneven_spacing": "The distance between slices varies.",
    "tilt": "The slices are shifted sideways (tilted gantry).",
}


@dataclass(frozen=True)
class Plane:
    """One slice's place. `orientation`: direction of a row, then of a column; `spacing`: (row, column) mm."""

    position: tuple[float, float, float] | None
    orientation: tuple[float, ...] | None
    spacing: tuple[float, float] | None
    size: tuple[int, int]
    thickness: float | None = None
    split_keys: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Finding:
    """Something about a series that a person should know; `code` is a key of `FINDINGS`, `slices` are indices into
    what was checked, `value` is the worst deviation in mm where there is one.
    """

    code: str
    slices: tuple[int, ...] = ()
    value: float | None = None

    @property
    def message(self) -> str:
        return FINDINGS[self.code]


@dataclass(frozen=True)
class SeriesGeometry:
    """What a set of slices is in space.

    `order`: indices from the first slice along the normal to the last (as given when slices have no position).
    `spacing`: usual distance between neighbours in mm. `affine`: [slice, row, column, 1] → LPS mm of the ordered
    slices, None unless `is_volume`. `groups`: how to split it when it is several volumes.
    """

    order: tuple[int, ...]
    spacing: float | None
    findings: tuple[Finding, ...]
    affine: Affine | None
    groups: tuple[tuple[int, ...], ...]

    @property
    def is_volume(self) -> bool:
        return self.affine is not None

    @property
    def reason(self) -> str:
        """Why it is no volume; empty when it is one."""
        return "" if self.is_volume else " ".join(finding.message for finding in self.findings)


def planes_of(header: DicomHeader) -> list[Plane]:
    """The planes of an object's frames."""
    size = (header.pixels.rows, header.pixels.columns) if header.pixels else (0, 0)
    return [
        Plane(frame.position, frame.orientation, frame.spacing, size, frame.thickness, frame.split_keys)
        for frame in header.frames
    ]


def slice_normal(orientation: Sequence[float]) -> Vector:
    """Unit vector across a slice: row direction × column direction (PS3.3 C.7.6.2.1.1)."""
    normal = np.cross(orientation[:3], orientation[3:])
    return np.asarray(normal / np.linalg.norm(normal))


def direction_letters(direction: Sequence[float] | Vector, threshold: float = 0.1) -> str:
    """The letters of where a direction points, strongest first: "L", "AR", "HPL" (L R P A H F)."""
    unit = np.asarray(direction, np.float64) / np.linalg.norm(direction)
    strongest = sorted(range(3), key=lambda axis: (-abs(unit[axis]), axis))
    return "".join(
        _LETTERS[axis][0 if unit[axis] > 0 else 1] for axis in strongest if abs(unit[axis]) >= threshold
    )


def edge_letters(orientation: Sequence[float]) -> tuple[str, str, str, str]:
    """Letters at the (left, right, top, bottom) edges of an image of this orientation."""
    row, column = np.asarray(orientation[:3]), np.asarray(orientation[3:])
    return (
        direction_letters(-row),
        direction_letters(row),
        direction_letters(-column),
        direction_letters(column),
    )


def examine(planes: Sequence[Plane]) -> SeriesGeometry:
    """Order a series' slices along their normal and check that they are one regular volume.

    Never guesses: anything irregular is a finding and there is no affine. A single slice is a volume as thick as it
    says (1 mm when it does not).
    """
    everything = tuple(range(len(planes)))
    findings = _uniformity(planes)
    if any(finding.code in ("no_position", "mixed_orientation") for finding in findings):
        return SeriesGeometry(everything, None, tuple(findings), None, _split_by_form(planes))
    if not planes:
        return SeriesGeometry((), None, (), None, ())
    positions = np.array([plane.position for plane in planes], np.float64)
    normal = slice_normal(planes[0].orientation or ())
    depth = positions @ normal
    order = np.argsort(depth, kind="stable")
    spacing, irregular = _steps(positions[order], depth[order], normal, order)
    findings += irregular
    groups: tuple[tuple[int, ...], ...] = ()
    if any(finding.code == "duplicate_position" for finding in findings):
        groups = _split_by_key(planes, depth)
        findings = [Finding("several_groups")] * bool(groups) + findings
    elif any(finding.code in ("mixed_size", "mixed_spacing") for finding in findings):
        groups = _split_by_form(planes)
    affine = None if findings else _affine(planes[int(order[0])], positions[order], spacing)
    return SeriesGeometry(tuple(order.tolist()), spacing, tuple(findings), affine, groups)


def to_patient(affine: Affine, index: npt.ArrayLike) -> Vector:
    """LPS mm of voxel indices [..., (slice, row, column)]."""
    return np.asarray(np.asarray(index, np.float64) @ affine[:3, :3].T + affine[:3, 3])


def to_index(affine: Affine, point: npt.ArrayLike) -> Vector:
    """Voxel indices [..., (slice, row, column)], not rounded, of points in LPS mm."""
    offset = np.asarray(point, np.float64) - affine[:3, 3]
    return np.asarray(offset @ np.linalg.inv(affine[:3, :3]).T)


def nifti_affine(affine: Affine) -> Affine:
    """The affine of NIfTI, [x, y, z, 1] = [column, row, slice, 1] → RAS mm, for one of ours."""
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine[:, [2, 1, 0, 3]]


def from_nifti_affine(affine: npt.ArrayLike) -> Affine:
    """Ours, [slice, row, column, 1] = [z, y, x, 1] → LPS mm, for NIfTI's."""
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ np.asarray(affine, np.float64)[:, [2, 1, 0, 3]]


def _uniformity(planes: Sequence[Plane]) -> list[Finding]:
    """Findings about what all slices must share, naming those that differ from the most common."""
    lost = [
        index for index, plane in enumerate(planes) if plane.position is None or plane.orientation is None
    ]
    if lost:
        return [Finding("no_position", tuple(lost))]
    findings = []
    turned = _odd_ones([_rounded(plane.orientation) for plane in planes])
    if turned:
        findings.append(Finding("mixed_orientation", turned))
    unsized = tuple(index for index, plane in enumerate(planes) if plane.spacing is None)
    if unsized:
        findings.append(Finding("no_spacing", unsized))
    for code, keys in (
        ("mixed_size", [plane.size for plane in planes]),
        ("mixed_spacing", [_rounded(plane.spacing) for plane in planes]),
    ):
        odd = _odd_ones(keys)
        if odd:
            findings.append(Finding(code, odd))
    return findings


def _rounded(numbers: Sequence[float] | None) -> tuple[float, ...]:
    return tuple(round(value / ORIENTATION_TOLERANCE / 2) for value in numbers or ())


def _odd_ones(keys: Sequence[tuple[float, ...]]) -> tuple[int, ...]:
    """Indices of what differs from the most common key, allowing neighbours of a rounding border."""
    if not keys:
        return ()
    usual = np.array(Counter(keys).most_common(1)[0][0], np.float64)
    return tuple(
        index for index, key in enumerate(keys) if len(key) != usual.size or np.any(np.abs(usual - key) > 1)
    )


def _steps(
    positions: Vector, depth: Vector, normal: Vector, order: npt.NDArray[np.int64]
) -> tuple[float | None, list[Finding]]:
    """Usual distance between ordered neighbours, and what is irregular about the distances."""
    steps = np.diff(depth)
    if steps.size == 0:
        return None, []
    same = steps < DUPLICATE_TOLERANCE_MM
    apart = steps[~same]
    if apart.size == 0:
        return None, [Finding("duplicate_position", tuple(order.tolist()))]
    spacing = float(np.median(apart))
    tolerance = max(SPACING_TOLERANCE * spacing, SPACING_TOLERANCE_MM)
    wide = ~same & (steps > 1.5 * spacing)
    uneven = ~same & ~wide & (np.abs(steps - spacing) > tolerance)
    sideways = np.linalg.norm(np.diff(positions, axis=0) - np.outer(steps, normal), axis=1)
    tilted = ~same & (sideways > TILT_TOLERANCE_MM)
    findings = []
    for code, where, worst in (
        ("duplicate_position", same, None),
        ("gap", wide, steps),
        ("uneven_spacing", uneven, np.abs(steps - spacing)),
        ("tilt", tilted, sideways),
    ):
        if np.any(where):
            after = tuple(order[1:][where].tolist())
            findings.append(Finding(code, after, None if worst is None else float(worst[where].max())))
    return spacing, findings


def _affine(first: Plane, positions: Vector, spacing: float | None) -> Affine:
    orientation = np.asarray(first.orientation, np.float64)
    row_mm, column_mm = first.spacing or (1.0, 1.0)
    if len(positions) > 1:
        across = (positions[-1] - positions[0]) / (len(positions) - 1)
    else:
        across = slice_normal(orientation.tolist()) * (spacing or first.thickness or 1.0)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = (
        across,
        orientation[3:] * row_mm,
        orientation[:3] * column_mm,
    )
    affine[:3, 3] = positions[0]
    return affine


def _split_by_form(planes: Sequence[Plane]) -> tuple[tuple[int, ...], ...]:
    """Groups of equal orientation, size and spacing, when there are several."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for index, plane in enumerate(planes):
        key = (_rounded(plane.orientation), plane.size, _rounded(plane.spacing))
        groups.setdefault(key, []).append(index)
    return tuple(tuple(group) for group in groups.values()) if len(groups) > 1 else ()


def _split_by_key(planes: Sequence[Plane], depth: Vector) -> tuple[tuple[int, ...], ...]:
    """Groups by the first attribute (time, echo, acquisition …) that leaves no two slices of a group in one place."""
    names = dict.fromkeys(name for plane in planes for name, _ in plane.split_keys)
    for name in names:
        groups: dict[str, list[int]] = {}
        for index, plane in enumerate(planes):
            groups.setdefault(dict(plane.split_keys).get(name, ""), []).append(index)
        apart = all(
            np.all(np.diff(np.sort(depth[group])) >= DUPLICATE_TOLERANCE_MM) for group in groups.values()
        )
        if len(groups) > 1 and apart and max(map(len, groups.values())) > 1:
            return tuple(tuple(group) for group in groups.values())
    return ()
