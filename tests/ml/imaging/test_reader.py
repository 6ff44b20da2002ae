import hashlib

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from ml.imaging import reader
from ml.imaging.codecs import LOSSLESS
from ml.imaging.errors import UnreadableImage
from ml.imaging.stored import open_frames
from ml.imaging.thumbnail import render
from ml.imaging.windowing import LookupTable, Window
from tests.ml.imaging import dicom_samples as samples


def stored_values(path) -> np.ndarray:
    """All frames as stored, with the manifest's shape: a single frame without its axis."""
    with open_frames(path) as stored:
        frames = [stored.decode(frame) for frame in range(1, stored.pixels.frames + 1)]
    return frames[0] if len(frames) == 1 else np.stack(frames)


def test_every_lossless_file_decodes_to_the_manifests_hash(manifest, dicom_mixed):
    checked, wrong = 0, []
    for row in manifest:
        if row["decode"] != "ok" or row["transfer_syntax"] not in LOSSLESS:
            continue
        digest = hashlib.sha256(stored_values(dicom_mixed / row["file"]).tobytes()).hexdigest()
        checked += 1
        wrong += [row["file"]] if digest != row["pixel_sha256"] else []
    assert not wrong
    assert checked >= 220


def test_every_lossy_file_is_within_one_grey_level(manifest, dicom_mixed):
    lossy = [row for row in manifest if row["decode"] == "ok" and row["transfer_syntax"] not in LOSSLESS]
    assert len(lossy) >= 6
    for row in lossy:
        pixels = stored_values(dicom_mixed / row["file"])
        assert pixels.dtype == row["pixel_dtype"], row["file"]
        for found, expected in (
            (pixels.min(), row["pixel_min"]),
            (pixels.max(), row["pixel_max"]),
            (pixels.mean(), row["pixel_mean"]),
        ):
            assert abs(float(found) - float(expected)) <= 1, row["file"]


def test_one_image_in_nine_encodings_is_one_image(dicom_mixed):
    images = [stored_values(dicom_mixed / "same-image-nine-syntaxes" / f"{n}.dcm") for n in range(1, 10)]
    assert all(np.array_equal(images[0], image) for image in images[1:])


def test_files_that_pydicom_cannot_decode_are_decoded(dicom_mixed):
    files = dicom_mixed / "files"
    for shape in ("liver", "liver_nonbyte_aligned"):
        expected = stored_values(files / f"{shape}.dcm")
        for syntax in ("deflate", "rle"):
            assert np.array_equal(stored_values(files / f"{shape}_{syntax}.dcm"), expected)
    assert np.array_equal(
        stored_values(files / "emri_small_jpeg_2k_lossless_too_short.dcm"),
        stored_values(files / "emri_small.dcm"),
    )


def test_ct_is_in_hounsfield_units(dicom_mixed):
    frame = reader.read_frame(dicom_mixed / "files" / "693_UNCR.dcm")
    stored = stored_values(dicom_mixed / "files" / "693_UNCR.dcm")
    assert frame.pixels.dtype == np.float32
    assert np.array_equal(frame.pixels, stored.astype(np.float32) - 1024)
    assert frame.modality == "CT"
    assert frame.spacing == (0.478516, 0.478516)


def test_monochrome1_is_inverted_with_its_windows(dicom_mixed):
    path = dicom_mixed / "files" / "RG3_J2KR.dcm"
    frame, stored = reader.read_frame(path), stored_values(path)
    assert np.array_equal(frame.pixels, 1023 - stored.astype(np.float32))
    assert frame.windows[0].center == 1023 - 550 + 1
    assert frame.windows[0].width == 1024


def test_a_modality_lut_is_applied(dicom_mixed):
    from pydicom import dcmread
    from pydicom.pixels import apply_modality_lut

    path = dicom_mixed / "files" / "mlut_18.dcm"
    dataset = dcmread(path)
    assert np.array_equal(reader.read_frame(path).pixels, apply_modality_lut(dataset.pixel_array, dataset))


@pytest.mark.parametrize("name", ["OBXXXX1A.dcm", "OBXXXX1A_rle.dcm", "gdcm-US-ALOKA-16.dcm"])
def test_palettes_become_the_colours_that_pydicom_gives(dicom_mixed, name):
    from pydicom import dcmread
    from pydicom.pixels import apply_color_lut

    dataset = dcmread(dicom_mixed / "files" / name)
    expected = apply_color_lut(dataset.pixel_array, dataset) >> 8
    assert np.array_equal(reader.read_frame(dicom_mixed / "files" / name).pixels, expected)


def test_a_big_endian_palette_gives_the_colours_of_its_little_endian_twin(dicom_mixed):
    big, little = (reader.read_frame(dicom_mixed / "files" / f"OBXXXX1A{end}.dcm") for end in ("_expb", ""))
    assert np.array_equal(big.pixels, little.pixels)


def test_frames_count_from_one_and_end_where_the_file_does(dicom_mixed):
    path = dicom_mixed / "files" / "emri_small.dcm"
    first, last = (reader.read_frame(path, frame=number).pixels for number in (1, 10))
    assert not np.array_equal(first, last)
    for number in (0, 11, -1):
        with pytest.raises(UnreadableImage) as raised:
            reader.read_frame(path, frame=number)
        assert raised.value.reason == "frame_out_of_range"


def test_colour_of_sixteen_bits_is_scaled_to_eight(dicom_mixed):
    path = dicom_mixed / "files" / "SC_rgb_16bit.dcm"
    frame, stored = reader.read_frame(path), stored_values(path)
    assert frame.pixels.dtype == np.uint8
    assert np.array_equal(frame.pixels, np.rint(stored / 257).astype(np.uint8))


def test_an_inverted_image_looks_as_the_file_asks_with_black_and_white_swapped(dicom_mixed):
    pixels = np.arange(64, dtype=np.float32).reshape(8, 8)
    table = LookupTable(10, (np.arange(40) ** 2).astype(np.uint16))
    for frame in (
        reader.Frame(pixels, windows=(Window(20, 30),)),
        reader.Frame(pixels, windows=(Window(20, 30, "SIGMOID"),)),
        reader.Frame(pixels, voi_lut=table),
    ):
        turned = reader.inverted(frame, 63)
        assert np.array_equal(turned.pixels, 63 - pixels)
        assert np.abs(render(turned).astype(int) - (255 - render(frame).astype(int))).max() <= 1


def test_a_monochrome1_file_with_tables_is_inverted_too(tmp_path):
    modality = Dataset()
    modality.LUTDescriptor = [20, 0, 16]
    modality.LUTData = np.arange(100, 300, 10, dtype="<u2").tobytes()
    modality.ModalityLUTType = "US"
    made = samples.dataset(PhotometricInterpretation="MONOCHROME1", ModalityLUTSequence=Sequence([modality]))
    (tmp_path / "a.dcm").write_bytes(samples.write(made))
    frame = reader.read_frame(tmp_path / "a.dcm")
    assert np.array_equal(frame.pixels.ravel(), [290 - 10 * k for k in range(20)])
