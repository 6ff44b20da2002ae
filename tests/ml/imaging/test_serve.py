import gzip
import io

import imagecodecs
import nibabel
import numpy as np
import pytest
from PIL import Image
from pydicom.sequence import Sequence

from ml.imaging.codecs import LOSSLESS, decode_frame
from ml.imaging.codestream import inspect
from ml.imaging.dicom.header import PixelFormat
from ml.imaging.errors import UnreadableImage
from ml.imaging.objects import describe
from ml.imaging.reader import read_frame
from ml.imaging.serve import ServedFrames, servable_frames
from tests.ml.imaging import dicom_samples as samples

EXPLICIT, JPEG_LS, JPEG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.50"


def value(metadata: dict, tag: str, default=None):
    return metadata.get(tag, {}).get("Value", [default])[0]


def as_the_viewer_sees(served: ServedFrames, metadata: dict, frame: int) -> np.ndarray:
    """Decode served bytes by what the merged metadata say, as Cornerstone does; MONOCHROME1 is inverted."""
    merged = served.metadata(metadata)
    offset, size = served.ranges[frame - 1]
    data = served.path.read_bytes()[offset : offset + size]
    pixels = PixelFormat(
        rows=value(merged, "00280010"),
        columns=value(merged, "00280011"),
        frames=1,
        samples=value(merged, "00280002"),
        bits_allocated=value(merged, "00280100"),
        bits_stored=value(merged, "00280101"),
        signed=value(merged, "00280103", 0) == 1,
        photometric=value(merged, "00280004"),
        planar=value(merged, "00280006", 0),
    )
    assert pixels.bits_allocated in (8, 16)
    assert not (pixels.signed and pixels.bits_allocated == 8)
    assert pixels.photometric in ("RGB", "MONOCHROME1", "MONOCHROME2")
    if served.transfer_syntax == JPEG and pixels.samples == 3:  # the browser decodes it, by the stream alone
        return np.asarray(Image.open(io.BytesIO(data)))
    stored = decode_frame(data, pixels, served.transfer_syntax)
    if pixels.samples == 3:
        return stored
    if pixels.photometric == "MONOCHROME1":
        stored = sum(pixels.stored_range) - stored.astype(np.int64)
    groups = (
        merged.get("52009230", {}).get("Value", [{}] * 9999)[frame - 1],
        merged.get("52009229", {}).get("Value", [{}])[0],
    )
    for group in groups:
        for macro in group.values():
            merged = merged | (macro["Value"][0] if macro["vr"] == "SQ" and "Value" in macro else {})
    return stored * float(value(merged, "00281053", 1)) + float(value(merged, "00281052", 0))


def served_and_read(path, out, **options):
    """(what is served, deviations of each frame between viewer and reader)."""
    made = describe(path)
    served = servable_frames(path, out, **options)
    differences = []
    last = len(served.ranges)
    for frame in sorted({1, 2, last // 2 + 1, last} & set(range(1, last + 1))):
        read = read_frame(path, frame=frame, kind=made.source).pixels.astype(np.float64)
        seen = as_the_viewer_sees(served, made.metadata, frame)
        differences.append(float(np.abs(seen - read).max()))
    return served, max(differences)


def test_every_image_of_the_pack_is_served_as_it_is_read(manifest, dicom_mixed, tmp_path):
    stored = derived = 0
    for row in manifest:
        if not row["rows"] or (row["group"] == "study" and not row["file"].endswith("00.dcm")):
            continue
        out = tmp_path / f"{stored + derived}"
        served, difference = served_and_read(dicom_mixed / row["file"], out)
        scale = 1e-9 + 1e-6 * abs(float(row["pixel_max"] or 0))
        assert difference <= served.max_error + scale, row["file"]
        if (
            row["transfer_syntax"] in LOSSLESS
            and "parametric" not in row["file"]
            and "32bit" not in row["file"]
        ):
            assert served.max_error == 0
        assert served.derived == out.exists() == (served.path == out)
        assert bool(served.reason) == served.derived
        stored, derived = stored + (not served.derived), derived + served.derived
    assert stored > 50
    assert derived > 30


@pytest.mark.parametrize(
    ("name", "syntax", "derived", "reason"),
    [
        ("files/693_UNCR.dcm", EXPLICIT, False, ""),
        ("files/JLSL_16_15_1_1F.dcm", JPEG_LS, False, ""),
        ("files/HTJ2K_08_RGB.dcm", "1.2.840.10008.1.2.4.203", False, ""),
        ("files/693_J2KR.dcm", "1.2.840.10008.1.2.4.90", False, ""),
        ("files/SC_rgb.dcm", EXPLICIT, False, ""),
        ("files/MR2_J2KR.dcm", "1.2.840.10008.1.2.4.90", True, "frames are in several fragments"),
        ("files/emri_small_big_endian.dcm", JPEG_LS, True, "the viewer has no decoder for this encoding"),
        ("files/OBXXXX1A.dcm", EXPLICIT, True, "palette colours are sent as RGB"),
        ("files/SC_ybr_full_uncompressed.dcm", EXPLICIT, True, "uncompressed YBR is sent as RGB"),
        ("files/liver_nonbyte_aligned.dcm", JPEG_LS, True, "values are neither 8 nor 16 bits"),
        ("files/JLSL_RGB_ILV0.dcm", EXPLICIT, True, "the viewer garbles colour in this encoding"),
        ("files/mlut_18.dcm", JPEG_LS, True, "values pass a modality look-up table"),
        ("files/parametric_map_float.dcm", JPEG_LS, True, "values are neither 8 nor 16 bits"),
        ("files/SC_rgb_16bit.dcm", EXPLICIT, True, "colour of more than 8 bits"),
    ],
)
def test_what_is_rewritten_and_why(dicom_mixed, tmp_path, name, syntax, derived, reason):
    served = servable_frames(dicom_mixed / name, tmp_path / "out")
    assert (served.transfer_syntax, served.derived, served.reason) == (syntax, derived, reason)


def test_one_image_in_nine_encodings_is_served_nine_times_the_same(dicom_mixed, tmp_path):
    images = []
    for number in range(1, 10):
        path = dicom_mixed / "same-image-nine-syntaxes" / f"{number}.dcm"
        served = servable_frames(path, tmp_path / f"{number}")
        images.append(as_the_viewer_sees(served, describe(path).metadata, 1))
    assert all(np.array_equal(images[0], image) for image in images[1:])


def test_compact_makes_uncompressed_ct_smaller_without_loss(dicom_mixed, tmp_path):
    path = dicom_mixed / "files" / "693_UNCR.dcm"
    served, difference = served_and_read(path, tmp_path / "out", compact=True)
    assert served.transfer_syntax == JPEG_LS
    assert difference == 0
    assert served.path.stat().st_size < path.stat().st_size / 2


def test_noise_is_not_made_larger(tmp_path):
    rng = np.random.default_rng(0)
    made = samples.dataset(64, 64, PixelData=rng.integers(0, 65536, 64 * 64, np.uint16).tobytes())
    (tmp_path / "a.dcm").write_bytes(samples.write(made))
    served = servable_frames(tmp_path / "a.dcm", tmp_path / "out", compact=True)
    assert served.transfer_syntax == EXPLICIT


def test_floats_are_put_on_levels_and_the_step_is_said(tmp_path):
    pixels = np.linspace(-1.5, 2.5, 20, dtype="<f4")
    pixels[3] = np.nan
    made = samples.dataset(FloatPixelData=pixels.tobytes(), BitsAllocated=32)
    for keyword in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
        delattr(made, keyword)
    path = tmp_path / "a.dcm"
    path.write_bytes(samples.write(made))
    served = servable_frames(path, tmp_path / "out")
    assert served.max_error == pytest.approx(4 / 65535 / 2)
    seen = as_the_viewer_sees(served, describe(path).metadata, 1).ravel()
    exact = np.isfinite(pixels)
    assert np.abs(seen[exact] - pixels[exact]).max() <= served.max_error * 1.001
    assert seen[~exact] == pytest.approx([-1.5])


def test_rescale_in_functional_groups_is_replaced_too(tmp_path):
    from pydicom.dataset import Dataset

    groups, transformation = Dataset(), Dataset()
    transformation.RescaleSlope, transformation.RescaleIntercept, transformation.RescaleType = (
        "2",
        "-10",
        "US",
    )
    groups.PixelValueTransformationSequence = Sequence([transformation])
    made = samples.dataset(PixelRepresentation=1, SharedFunctionalGroupsSequence=Sequence([groups]))
    path = tmp_path / "a.dcm"
    path.write_bytes(samples.write(made, "1.2.840.10008.1.2.1.99"))
    served, difference = served_and_read(path, tmp_path / "out")
    assert served.derived
    assert difference == 0
    assert "00289145" not in str(served.metadata(describe(path).metadata))
    assert "00289145" in str(describe(path).metadata)


def test_rasters_are_served(tmp_path):
    rng = np.random.default_rng(0)
    smooth = np.add.outer(np.arange(64), np.arange(48)).astype(np.uint16) * 500
    Image.fromarray(smooth).save(tmp_path / "grey16.png")
    Image.fromarray(rng.integers(0, 255, (20, 30, 3), np.uint8)).save(tmp_path / "colour.png")
    Image.fromarray(smooth.astype(np.float32) / 7).save(tmp_path / "float.tif")
    Image.fromarray(rng.integers(0, 255, (20, 30, 3), np.uint8)).save(
        tmp_path / "progressive.jpg", progressive=True
    )
    for name in ("grey16.png", "colour.png", "float.tif", "progressive.jpg"):
        served, difference = served_and_read(tmp_path / name, tmp_path / f"{name}.out")
        assert served.derived
        assert difference <= served.max_error * 1.001
        assert (served.max_error > 0) == (name == "float.tif")


def test_a_baseline_jpeg_stays_a_jpeg(data, tmp_path):
    path = sorted((data / "cls2d-isic2017" / "images" / "train").iterdir())[0]
    served = servable_frames(path, tmp_path / "out")
    assert not served.derived
    assert served.transfer_syntax == JPEG
    assert served.ranges == ((0, path.stat().st_size),)
    assert inspect(path.read_bytes()).baseline
    assert value(describe(path).metadata, "00280004") == "RGB"


def test_a_turned_jpeg_is_rewritten(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20), (200, 10, 10)).save(tmp_path / "a.jpg", exif=exif)
    served, difference = served_and_read(tmp_path / "a.jpg", tmp_path / "out")
    assert served.derived
    assert difference == 0


def test_nifti_is_served_slice_by_slice_with_places(data, tmp_path):
    pack = data / "seg3d-hippocampus" / "images"
    for name in ("hippocampus_001.nii.gz", "hippocampus_003.nii.gz"):
        made = describe(pack / name)
        served, difference = served_and_read(pack / name, tmp_path / name)
        assert len(served.ranges) == made.header.pixels.frames
        assert difference <= served.max_error * 1.001 + 1e-3
        places = [
            group["00209113"]["Value"][0]["00200032"]["Value"]
            for group in served.metadata(made.metadata)["52009230"]["Value"]
        ]
        assert np.allclose(places, [frame.position for frame in made.header.frames], atol=1e-5)


def test_nifti_of_whole_numbers_loses_nothing(tmp_path):
    volume = np.random.default_rng(0).integers(-1000, 3000, (5, 6, 7)).astype(np.float32)
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress(nibabel.Nifti1Image(volume, np.eye(4)).to_bytes()))
    served, difference = served_and_read(path, tmp_path / "out")
    assert served.max_error == 0
    assert difference == 0


def test_the_same_file_gives_the_same_bytes(dicom_mixed, tmp_path):
    for name in ("a", "b"):
        servable_frames(dicom_mixed / "files" / "emri_small_big_endian.dcm", tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_objects_without_pixels_are_refused(dicom_mixed, tmp_path):
    with pytest.raises(UnreadableImage) as raised:
        servable_frames(dicom_mixed / "rtstruct" / "mock_data_rt.dcm", tmp_path / "out")
    assert raised.value.reason == "no_pixels"


def test_signed_values_in_a_codestream_that_does_not_say_so_are_rewritten(tmp_path):
    pixels = np.arange(-200, 200, 10, dtype=np.int16).reshape(5, 8)
    stream = imagecodecs.jpeg2k_encode(pixels.view(np.uint16), codecformat="j2k", reversible=True, level=0)
    made = samples.dataset(5, 8, PixelRepresentation=1)
    del made.PixelData
    path = tmp_path / "a.dcm"
    head = samples.write(made, "1.2.840.10008.1.2.4.90")
    path.write_bytes(head + samples.encapsulated([stream + bytes(len(stream) % 2)]))
    assert np.array_equal(read_frame(path).pixels, pixels)
    served, difference = served_and_read(path, tmp_path / "out")
    assert served.reason == "the codestream and the header differ in sign"
    assert difference == 0
