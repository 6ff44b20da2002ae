"""The demo's DICOM files, written as a scanner would write them and marked as synthetic in every header.

`radiograph_file` is a DX Image (PS3.3 A.26), `ct_files` a CT series (PS3.3 A.3). UIDs come from the seed, so that loading the demo
twice stores nothing twice.
"""

from __future__ import annotations

import io

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from fovea.demo.phantoms import Radiograph, Volume
from ml.imaging.dicom.header import uid_from

_DX, _CT = "1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.5.1.4.1.1.2"
SLICE_MM, PIXEL_MM = 6.0, 2.2


def demo_uid(*parts: object) -> UID:
    """A UID that is the same for the same parts."""
    return UID(uid_from("fovea demo", *map(str, parts)))


def radiograph_file(image: Radiograph, number: int) -> bytes:
    """A chest-like radiograph as a DICOM file."""
    data = _dataset(_DX, "DX", ("dx", number), f"DEMO-DX-{number:03d}")
    data.SeriesDescription = "Synthetic chest-like radiograph"
    data.BodyPartExamined, data.ViewPosition = "CHEST", "PA"
    data.PatientOrientation = ["L", "F"]
    data.ImagerPixelSpacing = [0.9, 0.9]
    data.PresentationIntentType = "FOR PRESENTATION"
    data.WindowCenter, data.WindowWidth = 1700, 3000
    _pixels(data, image.pixels, stored=12, signed=False)
    return _bytes(data)


def ct_files(volume: Volume, number: int) -> list[bytes]:
    """A CT-like series, one file a slice, from the feet up."""
    files = []
    count, rows, columns = volume.hounsfield.shape
    for index in range(count):
        data = _dataset(_CT, "CT", ("ct", number, index), f"DEMO-CT-{number:03d}", study=("ct", number))
        data.SeriesDescription = "Synthetic abdomen-like CT"
        data.BodyPartExamined = "ABDOMEN"
        data.FrameOfReferenceUID = demo_uid("frame", number)
        data.InstanceNumber = index + 1
        data.PixelSpacing = [PIXEL_MM, PIXEL_MM]
        data.SliceThickness = SLICE_MM
        data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        data.ImagePositionPatient = [-columns / 2 * PIXEL_MM, -rows / 2 * PIXEL_MM, index * SLICE_MM]
        data.RescaleIntercept, data.RescaleSlope, data.RescaleType = -1024, 1, "HU"
        data.WindowCenter, data.WindowWidth = 60, 350
        _pixels(
            data,
            (volume.hounsfield[index].astype(np.int32) + 1024).astype(np.uint16),
            stored=12,
            signed=False,
        )
        files.append(_bytes(data))
    return files


def _dataset(
    sop_class: str,
    modality: str,
    instance: tuple[object, ...],
    patient: str,
    study: tuple[object, ...] | None = None,
) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(sop_class)
    meta.MediaStorageSOPInstanceUID = demo_uid("instance", *instance)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = demo_uid("implementation")
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    study = study or instance
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.StudyInstanceUID, data.SeriesInstanceUID = demo_uid("study", *study), demo_uid("series", *study)
    data.Modality, data.Manufacturer = modality, "Fovea demo"
    data.ImageType = ["DERIVED", "PRIMARY", "SYNTHETIC"]
    data.PatientName, data.PatientID = "Synthetic^Phantom", patient
    data.PatientBirthDate, data.PatientSex = "", "O"
    data.StudyDate, data.StudyTime, data.StudyDescription = "20260101", "120000", "Synthetic"
    data.StudyID, data.AccessionNumber, data.ReferringPhysicianName = "1", "", ""
    data.SeriesNumber, data.InstanceNumber = 1, 1
    return data


def _pixels(data: Dataset, pixels: np.ndarray, *, stored: int, signed: bool) -> None:
    data.Rows, data.Columns = pixels.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, stored, stored - 1
    data.PixelRepresentation = int(signed)
    data.PixelData = np.ascontiguousarray(pixels, "<u2").tobytes()


def _bytes(data: FileDataset) -> bytes:
    buffer = io.BytesIO()
    data.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
