import csv

import numpy as np
import pytest
from PIL import Image

from ml.imaging.errors import UnreadableImage
from ml.imaging.raster import raster_info, read_raster
from ml.imaging.reader import read_frame


def test_grey_of_any_depth_keeps_its_values(tmp_path):
    for dtype, name in (("u1", "a.png"), ("u2", "b.png"), ("u1", "c.tif"), ("u2", "d.tif"), ("f4", "e.tif")):
        pixels = (np.arange(12).reshape(3, 4) * 21).astype(dtype)
        Image.fromarray(pixels).save(tmp_path / name)
        read = read_raster(tmp_path / name)
        assert read.dtype == dtype
        assert np.array_equal(read, pixels)
        frame = read_frame(tmp_path / name, kind="raster")
        assert frame.pixels.dtype == np.float32
        assert np.array_equal(frame.pixels, pixels.astype(np.float32))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "CMYK"])
def test_colour_of_any_kind_is_rgb(tmp_path, mode):
    name = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    Image.new("RGB", (5, 4), (250, 20, 30)).convert(mode).save(name)
    pixels = read_raster(name)
    assert pixels.shape == (4, 5, 3)
    assert pixels.dtype == np.uint8
    assert np.all(np.abs(pixels[0, 0].astype(int) - (250, 20, 30)) < 30)


@pytest.mark.parametrize("mode", ["1", "LA"])
def test_bits_and_grey_with_alpha_are_grey(tmp_path, mode):
    Image.new("L", (5, 4), 255).convert(mode).save(tmp_path / "a.png")
    assert np.array_equal(read_raster(tmp_path / "a.png"), np.full((4, 5), 255, np.uint8))


def test_pages_are_frames_and_odd_ones_are_left_out(tmp_path):
    pages = [Image.fromarray(np.full((3, 4), value, np.uint16)) for value in (1, 2, 3)]
    pages.insert(1, Image.new("L", (9, 9)))
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    info = raster_info(tmp_path / "a.tif")
    assert (info.frames, info.skipped) == (3, 1)
    assert [int(read_raster(tmp_path / "a.tif", page)[0, 0]) for page in (1, 2, 3)] == [1, 2, 3]
    with pytest.raises(UnreadableImage) as raised:
        read_raster(tmp_path / "a.tif", 4)
    assert raised.value.reason == "frame_out_of_range"


def test_photographs_are_turned_as_the_camera_says(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the top of the scene is at the right side of the stored rows
    picture = Image.new("RGB", (40, 20))
    picture.paste((255, 0, 0), (0, 0, 20, 20))
    picture.save(tmp_path / "a.jpg", exif=exif, quality=95)
    info = raster_info(tmp_path / "a.jpg")
    assert (info.rows, info.columns, info.orientation) == (40, 20, 6)
    pixels = read_raster(tmp_path / "a.jpg")
    assert pixels.shape == (40, 20, 3)
    assert pixels[5, 10, 0] > 200
    assert pixels[35, 10, 0] < 50


def test_broken_files_give_a_reason(tmp_path):
    path = tmp_path / "a.png"
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (64, 64), np.uint8)).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableImage) as raised:
        read_raster(path)
    assert raised.value.reason in ("truncated", "decode_failed")
    path.write_bytes(whole[:16] + (70000).to_bytes(4, "big") * 2 + whole[24:])
    with pytest.raises(UnreadableImage) as raised:
        read_raster(path)
    assert raised.value.reason in ("size_claim_too_large", "unreadable")
    path.write_bytes(b"not an image")
    with pytest.raises(UnreadableImage) as raised:
        read_raster(path)
    assert raised.value.reason == "unreadable"


@pytest.mark.parametrize(
    "pack", ["seg2d-nuclei-dsb2018", "seg2d-em-membrane", "det2d-bccd", "cls2d-isic2017"]
)
def test_real_images_have_the_manifests_size(data, pack):
    with (data / pack / "manifest.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))[:40]
    for row in rows:
        pixels = read_raster(data / pack / row["file"])
        assert pixels.shape[:2] == (int(row["height"]), int(row["width"]))


def test_instance_masks_keep_sixteen_bits(data):
    with (data / "seg2d-nuclei-dsb2018" / "manifest.csv").open(newline="") as stream:
        rows = sorted(csv.DictReader(stream), key=lambda row: -int(row["n_instances"]))[:5]
    for row in rows:
        mask = read_raster(data / "seg2d-nuclei-dsb2018" / row["mask"])
        assert mask.dtype == np.uint16
        assert len(np.unique(mask)) - 1 == int(row["n_instances"])
