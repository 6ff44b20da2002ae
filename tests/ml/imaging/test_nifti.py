import csv
import gzip
import itertools

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.imaging import geometry
from ml.imaging.errors import UnreadableImage
from ml.imaging.nifti import layout_of, nifti_info, read_nifti, scaled

FLIPS = list(itertools.product(itertools.permutations(range(3)), itertools.product((1, -1), repeat=3)))


def affine_of(permutation, signs, lengths=(1.0, 1.0, 1.0), tilt=0.0) -> np.ndarray:
    """Voxel axis i runs along RAS axis permutation[i], with its sign and length; turned a little by `tilt`."""
    affine = np.eye(4)
    affine[:3, :3] = 0
    for axis, (ras, sign) in enumerate(zip(permutation, signs, strict=True)):
        affine[ras, axis] = sign * lengths[axis]
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]]
    affine[:3, 3] = (5, -7, 11)
    return turn @ affine


def save(path, volume, affine, slope=None, inter=None):
    image = nibabel.Nifti1Image(volume, affine)
    image.header.set_slope_inter(slope or 1, inter or 0)
    nibabel.save(image, path)
    return path


@given(st.sampled_from(FLIPS), st.floats(-0.3, 0.3))
def test_every_voxel_keeps_its_place_in_the_patient(flip, tilt):
    affine = affine_of(*flip, tilt=tilt)
    layout = layout_of(affine)
    volume = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    laid_out = layout.apply(volume)
    assert np.array_equal(layout.undo(laid_out), volume)


@pytest.mark.parametrize("flip", FLIPS[::5])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_values_and_places_agree_with_nibabel(tmp_path, flip, suffix):
    volume = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4)
    path = save(tmp_path / f"a{suffix}", volume, affine_of(*flip, tilt=0.1))
    stored, info = read_nifti(path)
    reference = nibabel.load(path)
    for index in np.ndindex(stored.shape):
        lps = geometry.to_patient(info.affine, index)
        voxel = np.linalg.inv(reference.affine) @ [-lps[0], -lps[1], lps[2], 1]
        assert stored[index] == volume[tuple(np.rint(voxel[:3]).astype(int))]


def test_slices_are_axial_from_the_feet_with_the_left_on_the_right(tmp_path):
    info = nifti_info(
        save(tmp_path / "a.nii", np.zeros((2, 3, 4), np.uint8), affine_of((1, 2, 0), (-1, 1, -1)))
    )
    directions = [geometry.direction_letters(info.affine[:3, axis]) for axis in range(3)]
    assert directions == ["H", "P", "L"]


@pytest.mark.parametrize(
    ("axis", "expected"), [(0, ["R", "F", "P"]), (1, ["P", "F", "L"]), (2, ["H", "P", "L"])]
)
def test_thick_slices_are_looked_at_as_they_were_taken(tmp_path, axis, expected):
    lengths = [1.0, 1.0, 1.0]
    lengths[axis] = 5.0
    path = save(tmp_path / "a.nii", np.zeros((2, 3, 4), np.uint8), affine_of((0, 1, 2), (1, 1, 1), lengths))
    info = nifti_info(path)
    assert [geometry.direction_letters(info.affine[:3, index]) for index in range(3)] == expected
    assert info.spacing == (5.0, 1.0, 1.0)
    along, down = info.affine[:3, 2], info.affine[:3, 1]
    assert np.allclose(np.cross(along, down) * 5, info.affine[:3, 0])


def test_scaling_is_applied_and_nan_is_zero(tmp_path):
    path = save(tmp_path / "a.nii", np.full((2, 2, 2), 4, np.int16), np.eye(4), 0.5, 3)
    stored, info = read_nifti(path)
    assert np.all(stored == 4)
    assert np.all(scaled(stored, info) == 5)
    holes = np.full((2, 2, 2), np.nan, np.float32)
    stored, info = read_nifti(save(tmp_path / "b.nii", holes, np.eye(4)))
    assert np.all(scaled(stored, info) == 0)


def test_of_several_volumes_the_first_is_read(tmp_path):
    volume = np.stack([np.full((2, 3, 4), k, np.uint8) for k in (1, 2)], axis=-1)
    stored, info = read_nifti(save(tmp_path / "a.nii", volume, np.eye(4)))
    assert info.volumes == 2
    assert np.all(stored == 1)


def reason(path) -> str:
    with pytest.raises(UnreadableImage) as raised:
        read_nifti(path)
    return raised.value.reason


def test_broken_files_give_a_reason(tmp_path):
    path = save(tmp_path / "a.nii", np.zeros((8, 8, 8), np.float32), np.eye(4))
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    assert reason(path) == "truncated"
    path.write_bytes(gzip.compress(whole)[:-50])
    assert reason(path) == "bad_archive"
    path.write_bytes(b"\x1f\x8b" + bytes(400))
    assert reason(path) == "bad_archive"
    path.write_bytes(bytes(400))
    assert reason(path) == "unreadable"
    claims = bytearray(whole)
    claims[42:48] = (30000).to_bytes(2, "little") * 3
    path.write_bytes(bytes(claims))
    assert reason(path) == "size_claim_too_large"
    rgb = np.zeros((2, 2, 2), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    assert reason(save(tmp_path / "b.nii", rgb, np.eye(4))) == "unsupported_shape"


def test_a_gzip_bomb_is_not_inflated_further_than_its_header_says(tmp_path):
    whole = save(tmp_path / "a.nii", np.zeros((2, 2, 2), np.uint8), np.eye(4)).read_bytes()
    path = tmp_path / "b.nii.gz"
    path.write_bytes(gzip.compress(whole + bytes(50_000_000)))
    stored, _ = read_nifti(path)
    assert stored.nbytes == 8


def test_real_volumes_have_the_manifests_shape_and_fit_their_labels(data):
    pack = data / "seg3d-hippocampus"
    with (pack / "manifest.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))[:12]
    for row in rows:
        image, info = read_nifti(pack / row["file"])
        labels, label_info = read_nifti(pack / row["mask"])
        assert info.layout.undo(image).shape == tuple(int(side) for side in row["shape"].split("x"))
        assert str(image.dtype) == row["dtype"]
        assert np.allclose(info.affine, label_info.affine)
        assert int((labels == 1).sum()) == int(row["voxels_anterior"])
        assert int((labels == 2).sum()) == int(row["voxels_posterior"])
