import io

import numpy as np
import pytest
from PIL import Image

from ml.imaging.reader import Frame, read_frame
from ml.imaging.thumbnail import render, thumbnail
from ml.imaging.windowing import LookupTable, Window


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_the_longer_side_has_the_size_asked_for():
    frame = Frame(np.random.default_rng(0).random((100, 50)).astype(np.float32))
    assert opened(thumbnail(frame, 64)).size == (32, 64)
    assert opened(thumbnail(Frame(np.zeros((3, 900), np.float32)), 64)).size == (64, 1)


def test_pixels_are_square_where_the_spacing_is_known():
    frame = Frame(np.zeros((10, 100), np.float32), spacing=(5.0, 0.5))
    assert opened(thumbnail(frame, 50)).size == (50, 50)


def test_grey_is_windowed_as_the_file_asks():
    pixels = np.tile(np.arange(256, dtype=np.float32), (256, 1))
    shown = render(Frame(pixels, windows=(Window(128, 2),)))
    assert shown[0, 100] == 0
    assert shown[0, 200] == 255
    assert render(Frame(pixels))[0, 128] == pytest.approx(128, abs=2)
    falling = LookupTable(0, np.arange(255, -1, -1).astype(np.uint16))
    assert render(Frame(pixels, voi_lut=falling))[0, :2].tolist() == [255, 254]


def test_colour_stays_colour(dicom_mixed):
    frame = read_frame(dicom_mixed / "files" / "SC_rgb.dcm")
    picture = opened(thumbnail(frame, 100))
    assert picture.mode == "RGB"
    assert np.abs(np.asarray(picture).astype(int) - frame.pixels).mean() < 12


def test_a_monochrome1_shin_is_bright_on_dark(dicom_mixed):
    shown = render(read_frame(dicom_mixed / "files" / "RG3_J2KR.dcm"))
    air, bone = shown[680:720, 510:530], shown[680:720, 850:880]
    assert air.mean() < 40
    assert bone.mean() > 120


def test_nothing_but_pixels_is_in_the_file(dicom_mixed):
    picture = opened(thumbnail(read_frame(dicom_mixed / "files" / "693_UNCR.dcm")))
    assert picture.getexif() == {}
    assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize("pixels", [np.zeros((4, 4)), np.full((4, 4), 7.5), np.array([[1e9, -1e9]])])
def test_odd_values_are_pictures_too(pixels):
    assert thumbnail(Frame(pixels.astype(np.float32)))[:3] == b"\xff\xd8\xff"
