import gzip
import json

import nibabel
import numpy as np
import pytest
from PIL import Image

from ml.imaging import geometry
from ml.imaging.dicom import parse
from ml.imaging.errors import UnreadableImage
from ml.imaging.objects import describe
from ml.imaging.sniff import detect_kind


def test_kinds_are_told_by_content_not_by_name(data, dicom_mixed, tmp_path):
    for source, kind in (
        (dicom_mixed / "files" / "693_UNCR.dcm", "dicom"),
        (dicom_mixed / "files" / "OT-PAL-8-face.dcm", "dicom"),
        (dicom_mixed / "files" / "JLSL_RGB_ILV0.dcm", "dicom"),
        (data / "seg3d-hippocampus" / "images" / "hippocampus_001.nii.gz", "nifti"),
        (data / "seg2d-em-membrane" / "images" / "slice_00.png", "raster"),
        (data / "det2d-bccd" / "images" / "BloodImage_00000.jpg", "raster"),
    ):
        blob = tmp_path / "e3b0c44298fc1c14"
        blob.write_bytes(source.read_bytes())
        assert detect_kind(blob) == kind


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "unreadable"),
        (b"%PDF-1.7", "unreadable"),
        (b"\x1f\x8bxx", "bad_archive"),
        (gzip.compress(b"x"), "unreadable"),
    ],
)
def test_what_is_no_image_is_refused(tmp_path, content, reason):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(UnreadableImage) as raised:
        describe(tmp_path / "a")
    assert raised.value.reason == reason


def test_every_dicom_file_is_recognised(manifest, dicom_mixed):
    assert {detect_kind(dicom_mixed / row["file"]) for row in manifest} == {"dicom"}


def test_dicom_is_described_by_its_header(dicom_mixed):
    path = dicom_mixed / "files" / "JLSL_RGB_ILV0.dcm"
    made = describe(path)
    assert made.header == parse(path)
    assert made.metadata["0020000D"]["Value"] == [made.header.study_uid]


def test_a_raster_is_an_object_with_uids_of_its_own_bytes(tmp_path):
    for name, value in (("a.png", 1), ("b.png", 2), ("c.png", 1)):
        Image.new("L", (5, 4), value).save(tmp_path / name)
    first, second, copy = (describe(tmp_path / f"{name}.png") for name in "abc")
    assert first.header == copy.header
    assert first.header.sop_instance_uid != second.header.sop_instance_uid
    assert len({first.header.sop_instance_uid, first.header.series_uid, first.header.study_uid}) == 3
    assert len(first.header.sop_instance_uid) <= 64
    assert first.metadata["00280010"]["Value"] == [4]
    assert first.metadata["00280004"]["Value"] == ["MONOCHROME2"]


def test_nifti_slices_lie_where_the_file_says(tmp_path):
    affine = np.array([[-2.0, 0, 0, 50], [0, 0, 3.0, -60], [0, 2.0, 0.0, 10], [0, 0, 0, 1]])
    path = tmp_path / "a.nii"
    nibabel.save(nibabel.Nifti1Image(np.zeros((4, 5, 6), np.int16), affine), path)
    made = describe(path)
    found = geometry.examine(geometry.planes_of(made.header))
    assert found.is_volume
    assert found.order == tuple(range(made.header.pixels.frames))
    corner = geometry.to_patient(found.affine, (0, 0, 0))
    voxel = np.linalg.inv(affine) @ [-corner[0], -corner[1], corner[2], 1]
    assert np.allclose(voxel, np.rint(voxel))
    json.dumps(made.metadata, allow_nan=False)


def test_several_volumes_are_said(tmp_path):
    nibabel.save(nibabel.Nifti1Image(np.zeros((2, 3, 4, 5), np.uint8), np.eye(4)), tmp_path / "a.nii")
    assert describe(tmp_path / "a.nii").header.repairs == ("the first of 5 volumes is used",)
