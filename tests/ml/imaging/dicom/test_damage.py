"""Headers are parsed in the calling process: damage there must be a refusal, quickly, and nothing else."""

import json
import random
import traceback
from contextlib import suppress

import pytest

from ml.imaging.dicom import frame_index, metadata_json, open_dicom, parse
from ml.imaging.errors import UnreadableImage
from tests.ml.imaging import dicom_samples as samples

NAMES = [
    "files/emri_small_RLE.dcm",
    "files/eCT_Supplemental.dcm",
    "files/OBXXXX1A_expb.dcm",
    "files/bad_sequence.dcm",
    "files/explicit_VR-UN.dcm",
    "files/liver_deflate.dcm",
    "files/OT-PAL-8-face.dcm",
    "highdicom/seg_image_ct_binary.dcm",
    "highdicom/sr_document.dcm",
    "rtstruct/mock_data_rt.dcm",
]


@pytest.mark.parametrize("name", NAMES)
def test_damaged_headers_are_read_or_refused(dicom_mixed, name):
    whole = (dicom_mixed / name).read_bytes()
    head = min(len(whole), 6000)
    rng = random.Random(name)
    for turn in range(40):
        data = bytearray(whole[: head if turn % 3 else rng.randrange(head)])
        for _ in range(rng.choice((1, 5, 30))):
            if data:
                data[rng.randrange(len(data))] = rng.choice((0, 255, rng.randrange(256)))
        for use in (parse, frame_index, _metadata):
            with suppress(UnreadableImage):
                use(bytes(data))


def _metadata(data: bytes) -> None:
    with open_dicom(data) as file:
        json.dumps(metadata_json(file.dataset), allow_nan=False)


def test_refusals_and_warnings_name_no_patient(recwarn, caplog):
    whole = samples.write(samples.dataset(PatientBirthDate="CANARYDATE", PatientAge="CANARY"))
    rng = random.Random(1)
    said = []
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(3):
            data[rng.randrange(132, len(data))] = rng.randrange(256)
        for use in (parse, frame_index, _metadata):
            try:
                use(bytes(data))
            except UnreadableImage:
                said.append(traceback.format_exc())
    said += [str(warning.message) for warning in recwarn]
    assert len(said) > 20
    assert "CANARY" not in caplog.text + "".join(said)
