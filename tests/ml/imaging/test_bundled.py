"""pydicom's bundled files: JPEG baseline and extended in all colours, which the packs do not hold."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

from ml.imaging.dicom import parse
from ml.imaging.errors import UnreadableImage
from ml.imaging.reader import read_frame
from ml.imaging.serve import servable_frames
from ml.imaging.stored import open_frames
from tests.ml.imaging.test_serve import served_and_read

FOLDER = Path(pydicom.__file__).parent / "data" / "test_files"
JPEGS = sorted(
    path.name for path in FOLDER.glob("*.dcm") if b"1.2.840.10008.1.2.4.50" in path.read_bytes()[:1000]
)


def bundled(name: str) -> Path:
    path = get_testdata_file(name, download=False)
    assert path is not None
    return Path(str(path))


@pytest.mark.parametrize("name", JPEGS)
def test_jpeg_baseline_has_the_colours_that_pydicom_gives(name, tmp_path):
    expected = pydicom.dcmread(bundled(name)).pixel_array
    with open_frames(bundled(name)) as stored:
        found = stored.decode(1)
    assert np.abs(found.astype(int) - expected.reshape(-1, *found.shape)[0]).max() <= 1
    served, difference = served_and_read(bundled(name), tmp_path / "out")
    assert difference == 0
    assert served.derived or served.transfer_syntax == "1.2.840.10008.1.2.4.50"


def test_there_are_such_files():
    assert len(JPEGS) >= 8


def test_twelve_bit_jpeg_is_decoded_and_rewritten(tmp_path):
    path = bundled("JPGExtended.dcm")
    assert read_frame(path).pixels.max() == 264
    served, difference = served_and_read(path, tmp_path / "out")
    assert served.derived
    assert difference == 0


def test_one_colour_in_every_way_that_jpeg_can_store_it():
    reference = read_frame(bundled("SC_rgb_rle.dcm")).pixels.astype(int)
    for name in (
        "SC_rgb_jpeg_dcmtk.dcm",
        "SC_rgb_dcmtk_+eb+cr.dcm",
        "SC_rgb_dcmtk_+eb+cy+n1.dcm",
        "SC_rgb_jls_lossy_line.dcm",
    ):
        found = read_frame(bundled(name)).pixels.astype(int)
        assert np.abs(found - reference).mean() < 6, name


def test_a_directory_of_files_is_an_object_without_pixels():
    header = parse(FOLDER / "dicomdirtests" / "DICOMDIR")
    assert (header.kind, header.pixels) == ("object", None)
    assert header.sop_class_uid == "1.2.840.10008.1.3.10"


def test_a_codestream_that_was_tampered_with_is_refused(tmp_path):
    with pytest.raises(UnreadableImage) as raised:
        servable_frames(bundled("JPEG2000-embedded-sequence-delimiter.dcm"), tmp_path / "out")
    assert raised.value.reason in ("size_mismatch", "decode_failed")


def test_truncated_pixels_are_refused():
    with pytest.raises(UnreadableImage) as raised:
        read_frame(bundled("MR_truncated.dcm"))
    assert raised.value.reason == "truncated"
