from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ml.imaging import geometry
from ml.imaging.dicom import parse
from ml.imaging.geometry import Plane

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


@st.composite
def orientations(draw) -> tuple[float, ...]:
    """Row and column direction of a random rotation."""
    q = np.array(draw(hnp.arrays(np.float64, 4, elements=st.floats(-1, 1).map(lambda v: round(v, 3)))))
    norm = np.linalg.norm(q)
    w, x, y, z = q / norm if norm > 0.1 else (1.0, 0.0, 0.0, 0.0)
    row = (1 - 2 * (y * y + z * z), 2 * (x * y + z * w), 2 * (x * z - y * w))
    column = (2 * (x * y - z * w), 1 - 2 * (x * x + z * z), 2 * (y * z + x * w))
    return (*row, *column)


def stack(
    orientation=AXIAL, count=6, step=2.5, origin=(10.0, -20.0, 30.0), spacing=(0.5, 0.75)
) -> list[Plane]:
    normal = geometry.slice_normal(orientation)
    return [
        Plane(tuple(np.array(origin) + k * step * normal), orientation, spacing, (4, 5), 2.0)
        for k in range(count)
    ]


def codes(planes) -> list[str]:
    return [finding.code for finding in geometry.examine(planes).findings]


@given(orientations(), st.permutations(range(6)), st.floats(0.2, 10))
def test_slices_are_ordered_along_their_normal_however_they_come(orientation, shuffled, step):
    planes = stack(orientation, step=step)
    found = geometry.examine([planes[k] for k in shuffled])
    assert [shuffled[k] for k in found.order] == list(range(6))
    assert found.is_volume
    assert found.reason == ""
    assert found.spacing == pytest.approx(step)


@given(orientations(), st.integers(0, 5), st.integers(0, 3), st.integers(0, 4))
def test_the_affine_puts_pixels_where_dicom_does(orientation, k, row, column):
    """PS3.3 equation C.7.6.2.1-1."""
    planes = stack(orientation)
    affine = geometry.examine(planes).affine
    expected = (
        np.array(planes[k].position)
        + np.array(orientation[:3]) * 0.75 * column
        + np.array(orientation[3:]) * 0.5 * row
    )
    assert np.allclose(geometry.to_patient(affine, (k, row, column)), expected)
    assert np.allclose(geometry.to_index(affine, expected), (k, row, column), atol=1e-6)


@given(orientations())
def test_nifti_affines_are_ras_with_indices_reversed(orientation):
    ours = geometry.examine(stack(orientation)).affine
    theirs = geometry.nifti_affine(ours)
    lps = geometry.to_patient(ours, (3, 2, 1))
    assert np.allclose(theirs @ [1, 2, 3, 1], [-lps[0], -lps[1], lps[2], 1])
    assert np.allclose(geometry.from_nifti_affine(theirs), ours)


def test_letters():
    assert geometry.direction_letters((1, 0, 0)) == "L"
    assert geometry.direction_letters((0, -1, 0.05)) == "A"
    assert geometry.direction_letters((-0.6, 0.0, 0.8)) == "HR"
    assert geometry.edge_letters(AXIAL) == ("R", "L", "A", "P")
    assert geometry.edge_letters((0, 1, 0, 0, 0, -1)) == ("A", "P", "H", "F")


@given(orientations())
def test_opposite_edges_have_opposite_letters(orientation):
    left, right, top, bottom = geometry.edge_letters(orientation)
    swap = str.maketrans("LRPAHF", "RLAPFH")
    assert left == right.translate(swap)
    assert top == bottom.translate(swap)


def test_a_gap_is_found_and_named():
    planes = stack(count=8)
    del planes[3]
    found = geometry.examine(planes)
    assert codes(planes) == ["gap"]
    assert found.findings[0].slices == (3,)
    assert found.findings[0].value == pytest.approx(5.0)
    assert found.affine is None
    assert "missing" in found.reason


def test_duplicates_uneven_spacing_and_tilt_are_found():
    planes = stack()
    assert codes([*planes, planes[2]]) == ["duplicate_position"]
    moved = [*planes[:3], replace(planes[3], position=(10.0, -20.0, 30.0 + 3 * 2.5 + 0.3)), *planes[4:]]
    assert codes(moved) == ["uneven_spacing"]
    tilted = [
        replace(p, position=(p.position[0], p.position[1] + 0.4 * k, p.position[2]))
        for k, p in enumerate(planes)
    ]
    assert codes(tilted) == ["tilt"]


def test_rounded_positions_are_no_finding():
    planes = [replace(p, position=tuple(round(v, 2) for v in p.position)) for p in stack(step=1.0 / 3)]
    assert codes(planes) == []


def test_mixed_slices_are_found_and_split():
    planes = stack()
    turned = stack((0.0, 1.0, 0.0, 0.0, 0.0, -1.0), count=3)
    found = geometry.examine([*planes, *turned])
    assert found.findings[0].code == "mixed_orientation"
    assert found.findings[0].slices == (6, 7, 8)
    assert found.groups == (tuple(range(6)), (6, 7, 8))
    assert codes([*planes[:-1], replace(planes[-1], size=(8, 8))]) == ["mixed_size"]
    assert codes([*planes[:-1], replace(planes[-1], spacing=(1.0, 1.0))]) == ["mixed_spacing"]
    assert codes([*planes[:-1], replace(planes[-1], position=None)]) == ["no_position"]
    assert codes([*planes[:-1], replace(planes[-1], spacing=None)])[0] == "no_spacing"


def test_time_points_are_split_by_what_tells_them_apart():
    early, late = (
        [
            replace(p, split_keys=(("AcquisitionNumber", str(k)), ("EchoTime", echo)))
            for k, p in enumerate(stack())
        ]
        for echo in ("10", "90")
    )
    mixed = [plane for pair in zip(early, late, strict=True) for plane in pair]
    found = geometry.examine(mixed)
    assert [finding.code for finding in found.findings] == ["several_groups", "duplicate_position"]
    assert found.groups == (tuple(range(0, 12, 2)), tuple(range(1, 12, 2)))
    for group in found.groups:
        assert geometry.examine([mixed[k] for k in group]).is_volume


def test_one_slice_is_a_volume_as_thick_as_it_says():
    affine = geometry.examine(stack(count=1)).affine
    assert np.allclose(affine[:3, 0], (0, 0, 2.0))


def test_nothing_is_no_volume():
    assert not geometry.examine([]).is_volume


def test_a_real_study(dicom_mixed):
    for series in sorted((dicom_mixed / "studies" / "PGBM-003").iterdir()):
        planes = [plane for path in sorted(series.iterdir()) for plane in geometry.planes_of(parse(path))]
        found = geometry.examine(planes)
        assert found.is_volume, (series.name, found.reason)
        assert len(found.order) == len(planes)


def test_two_phantom_slices_with_oblique_rows(dicom_mixed):
    planes = [
        geometry.planes_of(parse(dicom_mixed / "rtstruct" / f"oriented_data_{k}.dcm"))[0] for k in (2, 0, 1)
    ]
    found = geometry.examine(planes)
    assert found.order in ((1, 2, 0), (0, 2, 1))
    assert found.is_volume
