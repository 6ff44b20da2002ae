import numpy as np
import pytest

from ml.imaging.errors import UnreadableImage
from ml.imaging.geometry import to_index
from ml.imaging.reader import read_frame
from ml.imaging.volume import NotAVolume, read_volume


@pytest.fixture
def series(dicom_mixed) -> list:
    folder = dicom_mixed / "studies" / "PGBM-003" / "11-T1post-18670"
    return [(path, 1) for path in sorted(folder.iterdir())]


def test_slices_in_any_order_give_one_volume(series):
    volume, turned = read_volume(series), read_volume(series[::-1])
    assert volume.pixels.shape == (22, 320, 280)
    assert np.array_equal(volume.pixels, turned.pixels)
    assert np.allclose(volume.affine, turned.affine)
    assert volume.spacing[1:] == pytest.approx((0.6875, 0.6875))
    for index, source in enumerate(volume.order):
        path, _ = series[source]
        assert np.array_equal(volume.pixels[index], read_frame(path).pixels)


def test_the_first_pixel_is_where_the_first_slice_says(series):
    from ml.imaging.dicom import parse

    volume = read_volume(series)
    place = parse(series[volume.order[3]][0]).frames[0].position
    assert np.allclose(to_index(volume.affine, place), (3, 0, 0), atol=0.01)


def test_a_missing_slice_is_no_volume(series):
    with pytest.raises(NotAVolume) as raised:
        read_volume(series[:9] + series[10:])
    assert [finding.code for finding in raised.value.findings] == ["gap"]
    assert raised.value.reason == "not_a_volume"


def test_two_series_at_once_are_no_volume(series, dicom_mixed):
    other = dicom_mixed / "studies" / "PGBM-003" / "37830-T2reg-78532"
    with pytest.raises(NotAVolume):
        read_volume([*series, *((path, 1) for path in sorted(other.iterdir()))])


def test_frames_of_one_file(dicom_mixed):
    path = dicom_mixed / "files" / "eCT_Supplemental.dcm"
    volume = read_volume([(path, 1), (path, 2)])
    assert volume.pixels.shape == (2, 512, 512)
    with pytest.raises(UnreadableImage):
        read_volume([(path, 3)])


def test_nifti_slices_are_a_volume(data):
    path = data / "seg3d-hippocampus" / "images" / "hippocampus_001.nii.gz"
    volume = read_volume([(path, frame) for frame in range(1, 36)], kind="nifti")
    part = read_volume([(path, frame) for frame in range(5, 10)], kind="nifti")
    assert volume.pixels.shape == (35, 51, 35)
    assert np.array_equal(part.pixels, volume.pixels[4:9])
    assert np.allclose(part.affine[:3, 3], volume.affine[:3, 3] + 4 * volume.affine[:3, 0])
    with pytest.raises(UnreadableImage):
        read_volume([(path, 1), (path, 3)], kind="nifti")


def test_colour_is_no_volume(dicom_mixed):
    path = dicom_mixed / "files" / "SC_rgb.dcm"
    with pytest.raises(UnreadableImage):
        read_volume([(path, 1)])


def test_nothing_is_no_volume():
    with pytest.raises(NotAVolume):
        read_volume([])
