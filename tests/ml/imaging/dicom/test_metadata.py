import json

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from ml.imaging.dicom import metadata_json, open_dicom
from tests.ml.imaging import dicom_samples as samples


def converted(path_or_bytes) -> dict:
    with open_dicom(path_or_bytes) as file:
        return metadata_json(file.dataset)


def identified() -> Dataset:
    """An object with a canary in every kind of place that must not reach a browser."""
    made = samples.dataset(
        PatientBirthDate="19700101", InstitutionName="CANARY", ReferringPhysicianName="CANARY^X"
    )
    made.PatientAddress = made.StudyDescription = made.SeriesDescription = made.OperatorsName = "CANARY"
    made.InstitutionName = "CANARY"
    made.private_block(0x0009, "CANARY", create=True).add_new(1, "LO", "CANARY")
    hidden = Dataset()
    hidden.PatientName, hidden.CodeValue = "CANARY", "T-1"
    hidden.private_block(0x0011, "CANARY", create=True).add_new(1, "LO", "CANARY")
    made.AnatomicRegionSequence = Sequence([hidden])
    return made


def test_nothing_that_names_a_person_gets_through():
    text = json.dumps(converted(samples.write(identified())))
    assert "CANARY" not in text
    assert "19700101" not in text
    assert "T-1" in text


def test_pixels_and_file_meta_stay_out():
    made = converted(samples.write(identified()))
    assert "7FE00010" not in made
    assert not any(tag.startswith("0002") for tag in made)


def test_values_are_dicom_json():
    made = converted(samples.write(samples.dataset(PixelSpacing=[0.5, 0.25], WindowCenter="40")))
    assert made["00280010"] == {"vr": "US", "Value": [4]}
    assert made["00280030"] == {"vr": "DS", "Value": [0.5, 0.25]}
    assert made["00281050"] == {"vr": "DS", "Value": [40.0]}
    assert made["00080060"] == {"vr": "CS", "Value": ["CT"]}


def test_dates_are_sent_for_pet_alone():
    pet = samples.dataset(Modality="PT", AcquisitionTime="101112", PatientWeight="70")
    ct = samples.dataset(Modality="CT", AcquisitionTime="101112", PatientWeight="70")
    assert {"00080032", "00101030"} <= converted(samples.write(pet)).keys()
    assert not {"00080032", "00101030"} & converted(samples.write(ct)).keys()


def test_functional_groups_survive(dicom_mixed):
    path = dicom_mixed / "files" / "eCT_Supplemental.dcm"
    frames = converted(path)["52009230"]["Value"]
    position = frames[1]["00209113"]["Value"][0]["00200032"]["Value"]
    expected = dcmread(path).PerFrameFunctionalGroupsSequence[1]
    assert position == [float(part) for part in expected.PlanePositionSequence[0].ImagePositionPatient]


@pytest.mark.parametrize("name", ["OBXXXX1A.dcm", "OBXXXX1A_expb.dcm"])
def test_binary_values_are_inline_and_little_endian(dicom_mixed, name):
    little = converted(dicom_mixed / "files" / "OBXXXX1A.dcm")["00281201"]
    assert converted(dicom_mixed / "files" / name)["00281201"] == little
    assert set(little) == {"vr", "InlineBinary"}


def test_every_file_of_the_pack_converts_to_json(manifest, dicom_mixed):
    for row in manifest:
        assert json.loads(json.dumps(converted(dicom_mixed / row["file"]), allow_nan=False))


def test_broken_values_are_left_out():
    data = samples.write(samples.dataset(WindowCenter="400")).replace(b"400 ", b"x?0 ")
    made = converted(data)
    assert made["00280010"]["Value"] == [4]
    assert "00281050" not in made
