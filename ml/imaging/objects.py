"""Any image file as one object of the index: a header, and metadata for the viewer.

PNG, JPEG, TIFF and NIfTI are described as if they were DICOM, so that everything above knows one kind of object.
Their UIDs are made from the file's SHA-256: the same bytes are always the same object.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

from ml.imaging.dicom.files import open_dicom
from ml.imaging.dicom.framegroups import FrameHeader
from ml.imaging.dicom.frames import EXPLICIT_LITTLE, JPEG_BASELINE
from ml.imaging.dicom.header import DicomHeader, Identity, PixelFormat, content_hash, header_of, uid_from
from ml.imaging.dicom.metadata import metadata_json
from ml.imaging.nifti import NiftiInfo, nifti_info
from ml.imaging.raster import RasterInfo, raster_info
from ml.imaging.sniff import SourceKind, detect_kind

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
MULTIFRAME_CAPTURE = "1.2.840.10008.5.1.4.1.1.7.3"


@dataclass(frozen=True)
class ImageObject:
    """One file: what it is, its header, and DICOM JSON for the viewer (identity left out)."""

    source: SourceKind
    header: DicomHeader
    metadata: dict[str, Any]


def describe(path: Path, *, modality: str = "") -> ImageObject:
    """Describe a DICOM, PNG, JPEG, TIFF or NIfTI file. `modality`: of files that do not say (OT, NIfTI MR).

    Raises UnreadableImage for what cannot be read.
    """
    source = detect_kind(path)
    if source == "dicom":
        with open_dicom(path) as file:
            header = header_of(file, path)
            return ImageObject(source, header, _with_uids(metadata_json(file.dataset), header))
    if source == "raster":
        header = _raster_header(raster_info(path), content_hash(path), modality or "OT")
    else:
        header = _nifti_header(nifti_info(path), content_hash(path), modality or "MR")
    return ImageObject(source, header, metadata_json(_dataset(header)))


def _raster_header(info: RasterInfo, digest: str, modality: str) -> DicomHeader:
    bits = 8 if info.color else 8 * int(info.dtype[1])
    pixels = PixelFormat(
        rows=info.rows,
        columns=info.columns,
        frames=info.frames,
        samples=3 if info.color else 1,
        bits_allocated=bits,
        bits_stored=bits,
        signed=info.dtype[0] == "i",
        photometric="RGB" if info.color else "MONOCHROME2",
        planar=0,
        floating=info.dtype[0] == "f",
    )
    notes = (f"{info.skipped} pages of another size are left out",) if info.skipped else ()
    syntax = JPEG_BASELINE if info.format == "JPEG" else EXPLICIT_LITTLE
    return _header(digest, syntax, modality, pixels, (FrameHeader(),) * info.frames, notes)


def _nifti_header(info: NiftiInfo, digest: str, modality: str) -> DicomHeader:
    slices, rows, columns = info.shape
    bits = 8 * info.dtype.itemsize
    pixels = PixelFormat(
        rows=rows,
        columns=columns,
        frames=slices,
        samples=1,
        bits_allocated=bits,
        bits_stored=bits,
        signed=info.dtype.kind == "i",
        photometric="MONOCHROME2",
        planar=0,
        floating=info.dtype.kind == "f",
    )
    notes = (f"the first of {info.volumes} volumes is used",) if info.volumes > 1 else ()
    return _header(digest, EXPLICIT_LITTLE, modality, pixels, _nifti_frames(info), notes)


def _nifti_frames(info: NiftiInfo) -> tuple[FrameHeader, ...]:
    across, down, along = (info.affine[:3, axis] for axis in range(3))
    thickness, row_mm, column_mm = info.spacing
    orientation = tuple(float(value) for value in (*(along / column_mm), *(down / row_mm)))
    origin = info.affine[:3, 3]
    places = [origin + across * index for index in range(info.shape[0])]
    return tuple(
        FrameHeader(
            position=(float(place[0]), float(place[1]), float(place[2])),
            orientation=orientation,
            spacing=(row_mm, column_mm),
            thickness=thickness,
            slope=info.slope,
            intercept=info.intercept,
        )
        for place in places
    )


def _header(
    digest: str,
    syntax: str,
    modality: str,
    pixels: PixelFormat,
    frames: tuple[FrameHeader, ...],
    notes: tuple[str, ...],
) -> DicomHeader:
    return DicomHeader(
        identity=Identity(),
        kind="image",
        transfer_syntax=syntax,
        sop_class_uid=SECONDARY_CAPTURE if pixels.frames == 1 else MULTIFRAME_CAPTURE,
        sop_instance_uid=uid_from(digest, "SOPInstanceUID"),
        study_uid=uid_from(digest, "StudyInstanceUID"),
        series_uid=uid_from(digest, "SeriesInstanceUID"),
        frame_of_reference_uid=uid_from(digest, "FrameOfReferenceUID") if frames[0].position else "",
        modality=modality,
        study_date="",
        study_time="",
        study_description="",
        series_description="",
        protocol_name="",
        series_number=None,
        instance_number=1,
        body_part="",
        laterality="",
        image_type=("DERIVED", "SECONDARY"),
        pixels=pixels,
        frames=frames,
        frame_time=None,
        burned_in="",
        repairs=notes,
    )


def _dataset(header: DicomHeader) -> Dataset:
    """The data set that a header without a DICOM file stands for."""
    pixels, first = header.pixels, header.frames[0]
    assert pixels is not None
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID = header.sop_class_uid, header.sop_instance_uid
    made.StudyInstanceUID, made.SeriesInstanceUID = header.study_uid, header.series_uid
    made.Modality, made.ImageType, made.InstanceNumber = header.modality, list(header.image_type), 1
    made.Rows, made.Columns, made.NumberOfFrames = pixels.rows, pixels.columns, pixels.frames
    made.SamplesPerPixel, made.PhotometricInterpretation = pixels.samples, pixels.photometric
    made.BitsAllocated, made.BitsStored = pixels.bits_allocated, pixels.bits_stored
    made.HighBit, made.PixelRepresentation = pixels.bits_stored - 1, int(pixels.signed)
    if pixels.samples > 1:
        made.PlanarConfiguration = 0
    if first.position and first.spacing:
        made.FrameOfReferenceUID = header.frame_of_reference_uid
        made.SharedFunctionalGroupsSequence = [_shared_groups(first)]
        made.PerFrameFunctionalGroupsSequence = [_frame_groups(frame) for frame in header.frames]
    return made


def _shared_groups(frame: FrameHeader) -> Dataset:
    shared, orientation, measures = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = [round(value, 9) for value in frame.orientation or ()]
    measures.PixelSpacing = [round(value, 9) for value in frame.spacing or ()]
    measures.SliceThickness = round(frame.thickness or 0, 9)
    measures.SpacingBetweenSlices = round(frame.thickness or 0, 9)
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [orientation], [measures]
    return shared


def _frame_groups(frame: FrameHeader) -> Dataset:
    groups, place = Dataset(), Dataset()
    place.ImagePositionPatient = [round(value, 6) for value in frame.position or ()]
    groups.PlanePositionSequence = [place]
    return groups


def _with_uids(metadata: dict[str, Any], header: DicomHeader) -> dict[str, Any]:
    """Metadata that names the UIDs that were made for a file without them, too."""
    made = {"00080018": header.sop_instance_uid, "0020000D": header.study_uid, "0020000E": header.series_uid}
    return metadata | {tag: {"vr": "UI", "Value": [uid]} for tag, uid in made.items()}
