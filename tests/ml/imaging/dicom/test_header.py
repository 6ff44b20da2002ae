import json
import struct
import zlib

import pytest

from ml.imaging.dicom import metadata_json, open_dicom, parse
from ml.imaging.errors import UnreadableImage
from tests.ml.imaging import dicom_samples as samples


def reason(data: bytes, **limits) -> str:
    with pytest.raises(UnreadableImage) as raised:
        parse(data, **limits)
    return raised.value.reason


def test_headers_agree_with_the_manifest(manifest, dicom_mixed):
    for row in manifest:
        header = parse(dicom_mixed / row["file"])
        if not row["modality"] and not row["rows"]:
            continue
        if row["transfer_syntax"]:
            assert header.transfer_syntax == row["transfer_syntax"]
        assert header.identity.patient_id == row["patient_id"]
        assert header.series_description == row["series_description"].strip()
        assert header.modality == row["modality"]
        if row["sop_uid"]:
            assert header.sop_instance_uid == row["sop_uid"]
        if row["rows"]:
            pixels = header.pixels
            assert (pixels.rows, pixels.columns, pixels.samples) == tuple(
                int(row[key]) for key in ("rows", "columns", "samples")
            )
            assert pixels.frames == int(row["frames"] or 1) == len(header.frames)
            assert pixels.photometric == row["photometric"]
            assert pixels.bits_allocated == int(row["bits_allocated"])
            assert pixels.signed == (row["signed"] == "1")
            assert header.frames[0].slope == float(row["rescale_slope"] or header.frames[0].slope)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("files/693_UNCR.dcm", "image"),
        ("files/liver.dcm", "segmentation"),
        ("highdicom/seg_image_sm_control_labelmap.dcm", "segmentation"),
        ("highdicom/sr_document.dcm", "report"),
        ("rtstruct/mock_data_rt.dcm", "structure_set"),
        ("highdicom/sm_annotations.dcm", "object"),
        ("files/parametric_map_float.dcm", "image"),
    ],
)
def test_objects_are_told_apart(dicom_mixed, name, kind):
    assert parse(dicom_mixed / name).kind == kind


def test_enhanced_objects_have_a_place_for_each_frame(dicom_mixed):
    frames = parse(dicom_mixed / "files" / "eCT_Supplemental.dcm").frames
    assert len({frame.position for frame in frames}) == 2
    assert all(frame.orientation and frame.spacing and frame.windows for frame in frames)


def test_bytes_and_path_give_the_same_header(dicom_mixed):
    path = dicom_mixed / "files" / "OT-PAL-8-face.dcm"
    assert parse(path) == parse(path.read_bytes())


def test_what_was_mended_is_listed():
    whole = samples.write(samples.dataset())
    assert parse(whole).repairs == ()
    bare = whole[whole.index(b"\x08\x00\x16\x00") :]
    header = parse(bare)
    assert header.pixels == parse(whole).pixels
    assert header.repairs == (
        "no preamble",
        "no file meta information",
        "no transfer syntax: guessed from the first element",
    )
    without_uids = samples.dataset()
    del without_uids.StudyInstanceUID
    data = samples.write(without_uids)
    assert parse(data).study_uid.startswith("2.25.")
    assert parse(data).study_uid == parse(data).study_uid
    assert "StudyInstanceUID" in parse(data).repairs[0]


def test_broken_values_are_absent_values():
    data = samples.write(samples.dataset(WindowCenter="123", WindowWidth="456"))
    broken = data.replace(b"123 ", b"x?3 ").replace(b"456 ", b"4\xff6 ")
    assert broken.count(b"x?3 ") == 1
    header = parse(broken)
    assert header.frames[0].windows == ()
    assert header.modality == "CT"


@pytest.mark.parametrize(
    "data", [b"", b"\x00" * 200, b"\xff\xd8\xff\xe0" + b"x" * 400, b"DICM", b"\x00" * 128 + b"DICM"]
)
def test_what_is_no_dicom_is_unreadable(data):
    assert reason(data) == "unreadable"


def test_a_huge_size_claim_is_refused():
    assert reason(samples.write(samples.dataset(Rows=65535, Columns=65535))) == "size_claim_too_large"
    assert reason(samples.write(samples.dataset(NumberOfFrames=2_000_000))) == "size_claim_too_large"


def nested(depth: int, length: int | None) -> bytes:
    """An object of nested sequences, of undefined length or (`length` None) of their true lengths."""
    content = b""
    for _ in range(depth):
        item = struct.pack("<HHL", 0xFFFE, 0xE000, len(content) if length is None else length) + content
        ends = b"" if length is None else struct.pack("<HHLHHL", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
        content = samples.element((0x0008, 0x2218), "SQ", item + ends, length)
    data = samples.write(samples.dataset())
    at = data.index(struct.pack("<HH2s", 0x0010, 0x0010, b"PN"))
    return data[:at] + content + data[at:]


def test_nesting_that_must_be_followed_is_refused_beyond_reason():
    assert parse(nested(20, 0xFFFFFFFF)).modality == "CT"
    assert reason(nested(3000, 0xFFFFFFFF)) == "nested_too_deep"


def test_nesting_that_can_be_skipped_is_skipped():
    with open_dicom(nested(3000, None)) as file:
        text = json.dumps(metadata_json(file.dataset))
    assert 0 < text.count("00082218") < 20


def test_a_deflate_bomb_is_refused_before_it_is_inflated():
    made = samples.dataset()
    data = samples.write(made, "1.2.840.10008.1.2.1.99")
    assert parse(data).modality == "CT"
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    content = samples.element((0x0008, 0x0060), "CS", b"CT") + samples.element(
        (0x0009, 0x0010), "OB", bytes(40_000_000)
    )
    bomb = data[: data.index(b"1.2.840.10008.1.2.1.99") + 22] + packer.compress(content) + packer.flush()
    assert len(bomb) < 100_000
    assert reason(bomb, max_inflated=10_000_000) == "inflates_too_large"
    assert parse(bomb, max_inflated=50_000_000).modality == "CT"
    assert reason(bomb[:-20_000].replace(b"\x00\x00", b"\xff\xff")) in ("bad_archive", "unreadable")


def test_a_length_beyond_the_file_is_not_allocated():
    data = samples.write(samples.dataset())
    at = data.index(b"\x10\x00\x10\x00PN")
    lying = data[:at] + samples.element((0x0009, 0x1010), "OB", b"x", 0xFFFFFFF0)
    assert parse(lying).modality == "CT"


def test_messages_name_no_patient():
    data = samples.write(samples.dataset(PatientBirthDate="CANARYDATE", Rows=65535, Columns=65535))
    with pytest.raises(UnreadableImage) as raised:
        parse(data)
    assert "CANARY" not in str(raised.value)
