"""A DICOM object's header as frozen data: what an index, a viewer and a reader need, and nothing else."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from ml.imaging.dicom import values
from ml.imaging.dicom.files import MAX_INFLATED_BYTES, DicomFile, open_dicom
from ml.imaging.dicom.framegroups import FrameHeader, frame_headers
from ml.imaging.errors import UnreadableImage

Kind = Literal["image", "segmentation", "report", "structure_set", "object"]
MAX_FRAMES = 100_000
MAX_FRAME_PIXELS = 1 << 28
_SOP_CLASSES: tuple[tuple[str, Kind], ...] = (
    ("1.2.840.10008.5.1.4.1.1.66.4", "segmentation"),
    ("1.2.840.10008.5.1.4.1.1.66.7", "segmentation"),  # Label Map Segmentation
    ("1.2.840.10008.5.1.4.1.1.481.3", "structure_set"),
    ("1.2.840.10008.5.1.4.1.1.88.", "report"),
)
_MODALITY_KINDS: dict[str, Kind] = {"SEG": "segmentation", "SR": "report", "RTSTRUCT": "structure_set"}


@dataclass(frozen=True)
class Identity:
    """Who the patient is: everything here names a person, so that a caller can drop it as a whole."""

    patient_id: str = ""
    patient_name: str = ""
    birth_date: str = ""  # YYYYMMDD
    sex: str = ""
    accession_number: str = ""


@dataclass(frozen=True)
class PixelFormat:
    """How the pixels are stored (PS3.3 C.7.6.3)."""

    rows: int
    columns: int
    frames: int
    samples: int
    bits_allocated: int
    bits_stored: int
    signed: bool
    photometric: str
    planar: int  # 0 colour by pixel, 1 colour by plane
    floating: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one decoded frame: [row, column] or [row, column, sample]."""
        return (self.rows, self.columns) if self.samples == 1 else (self.rows, self.columns, self.samples)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Type of one stored value in memory (a single bit is a byte)."""
        kind = "f" if self.floating else "i" if self.signed else "u"
        return np.dtype(f"{kind}{max(self.bits_allocated // 8, 1)}")

    @property
    def frame_bits(self) -> int:
        """Bits one uncompressed frame takes in the file (PS3.5 section 8.1.1; YBR_FULL_422 stores half the
        chroma).
        """
        samples = 2 if self.photometric == "YBR_FULL_422" and self.samples == 3 else self.samples
        return self.rows * self.columns * samples * self.bits_allocated

    @property
    def stored_range(self) -> tuple[int, int]:
        """Smallest and largest stored value that the header allows."""
        if self.signed:
            return -(1 << (self.bits_stored - 1)), (1 << (self.bits_stored - 1)) - 1
        return 0, (1 << self.bits_stored) - 1

    def decoded(self, frame: npt.NDArray[np.generic]) -> bool:
        """Whether an array is one decoded frame of this format."""
        return frame.shape == self.shape and frame.dtype == self.dtype


@dataclass(frozen=True)
class DicomHeader:
    """One object. Texts are empty and numbers None when the file does not say; `frames` has one entry a
    frame.
    """

    identity: Identity
    kind: Kind
    transfer_syntax: str
    sop_class_uid: str
    sop_instance_uid: str
    study_uid: str
    series_uid: str
    frame_of_reference_uid: str
    modality: str
    study_date: str
    study_time: str
    study_description: str
    series_description: str
    protocol_name: str
    series_number: int | None
    instance_number: int | None
    body_part: str
    laterality: str
    image_type: tuple[str, ...]
    pixels: PixelFormat | None
    frames: tuple[FrameHeader, ...]
    frame_time: float | None  # ms between frames of a cine
    burned_in: str  # YES, NO or empty
    repairs: tuple[str, ...]


def parse(data: bytes | Path, *, max_inflated: int = MAX_INFLATED_BYTES) -> DicomHeader:
    """Read an object's header, given its bytes or its path. Tolerant: what had to be mended is in `repairs`.

    Missing UIDs are made from the SHA-256 of the file (2.25…), so the same bytes always get the same UIDs.
    Raises UnreadableImage: unreadable, nested_too_deep, inflates_too_large, bad_archive,
    size_claim_too_large, unsupported_shape.
    """
    with open_dicom(data, max_inflated=max_inflated) as file:
        return header_of(file, data)


def header_of(file: DicomFile, data: bytes | Path) -> DicomHeader:
    """The header of an already opened file; `data` is what it was opened from."""
    dataset, repairs = file.dataset, list(file.repairs)
    pixels = pixel_format(file, repairs)
    sop, study, series = _uids(dataset, data, repairs)
    return DicomHeader(
        identity=_identity(dataset),
        kind=_kind(dataset, pixels),
        transfer_syntax=file.transfer_syntax,
        sop_class_uid=values.text(dataset, "SOPClassUID")
        or values.text(file.meta, "MediaStorageSOPClassUID"),
        sop_instance_uid=sop,
        study_uid=study,
        series_uid=series,
        frame_of_reference_uid=values.text(dataset, "FrameOfReferenceUID"),
        modality=values.text(dataset, "Modality").upper(),
        study_date=values.text(dataset, "StudyDate"),
        study_time=values.text(dataset, "StudyTime"),
        study_description=values.text(dataset, "StudyDescription"),
        series_description=values.text(dataset, "SeriesDescription"),
        protocol_name=values.text(dataset, "ProtocolName"),
        series_number=values.integer(dataset, "SeriesNumber"),
        instance_number=values.integer(dataset, "InstanceNumber"),
        body_part=values.text(dataset, "BodyPartExamined"),
        laterality=values.text(dataset, "ImageLaterality") or values.text(dataset, "Laterality"),
        image_type=values.texts(dataset, "ImageType"),
        pixels=pixels,
        frames=frame_headers(dataset, pixels.frames) if pixels else (),
        frame_time=values.number(dataset, "FrameTime"),
        burned_in=values.text(dataset, "BurnedInAnnotation").upper(),
        repairs=tuple(repairs),
    )


def pixel_format(file: DicomFile, repairs: list[str]) -> PixelFormat | None:
    """The format of the pixels, None when there are none. Raises UnreadableImage("size_claim_too_large")."""
    dataset = file.dataset
    rows, columns = values.integer(dataset, "Rows") or 0, values.integer(dataset, "Columns") or 0
    if file.pixels is None or rows <= 0 or columns <= 0:
        return None
    frames, samples = (
        values.integer(dataset, "NumberOfFrames") or 1,
        values.integer(dataset, "SamplesPerPixel") or 1,
    )
    if rows * columns > MAX_FRAME_PIXELS or not 1 <= frames <= MAX_FRAMES:
        raise UnreadableImage("size_claim_too_large")
    if samples not in (1, 3, 4):
        raise UnreadableImage("unsupported_shape")
    allocated, stored, floating = _bits(file, repairs)
    photometric = values.text(dataset, "PhotometricInterpretation").upper().replace(" ", "_")
    if not photometric:
        repairs.append("no photometric interpretation")
        photometric = "RGB" if samples == 3 else "MONOCHROME2"
    return PixelFormat(
        rows=rows,
        columns=columns,
        frames=frames,
        samples=samples,
        bits_allocated=allocated,
        bits_stored=stored,
        signed=values.integer(dataset, "PixelRepresentation") == 1,
        photometric=photometric.replace("PALETTE_COLOR", "PALETTE COLOR"),
        planar=1 if values.integer(dataset, "PlanarConfiguration") == 1 and samples > 1 else 0,
        floating=floating,
    )


def _bits(file: DicomFile, repairs: list[str]) -> tuple[int, int, bool]:
    """(bits allocated, bits stored, floating)."""
    assert file.pixels is not None
    if file.pixels.tag != 0x7FE00010:
        width = 32 if file.pixels.tag == 0x7FE00008 else 64
        return width, width, True
    allocated = values.integer(file.dataset, "BitsAllocated")
    if allocated is None or not 1 <= allocated <= 64:
        repairs.append("no usable number of bits allocated: 16 assumed")
        allocated = 16
    stored = values.integer(file.dataset, "BitsStored") or allocated
    if not 1 <= stored <= allocated:
        repairs.append("more bits stored than allocated")
        stored = allocated
    return allocated, stored, False


def _identity(dataset: Dataset) -> Identity:
    return Identity(
        patient_id=values.text(dataset, "PatientID"),
        patient_name=values.text(dataset, "PatientName"),
        birth_date=values.text(dataset, "PatientBirthDate"),
        sex=values.text(dataset, "PatientSex"),
        accession_number=values.text(dataset, "AccessionNumber"),
    )


def _kind(dataset: Dataset, pixels: PixelFormat | None) -> Kind:
    sop_class = values.text(dataset, "SOPClassUID")
    for prefix, kind in _SOP_CLASSES:
        if sop_class == prefix or (prefix.endswith(".") and sop_class.startswith(prefix)):
            return kind
    named = _MODALITY_KINDS.get(values.text(dataset, "Modality").upper())
    return named or ("image" if pixels else "object")


def _uids(dataset: Dataset, data: bytes | Path, repairs: list[str]) -> tuple[str, str, str]:
    """SOP instance, study and series UID."""
    keywords = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
    found = [values.text(dataset, keyword) for keyword in keywords]
    missing = [keyword for keyword, uid in zip(keywords, found, strict=True) if not uid]
    if missing:
        repairs.append(f"no {', '.join(missing)}: made from the file's hash")
        digest = content_hash(data)
        found = [uid or uid_from(digest, keyword) for keyword, uid in zip(keywords, found, strict=True)]
    return found[0], found[1], found[2]


def content_hash(data: bytes | Path) -> str:
    """SHA-256 of the bytes or of the file, in hexadecimal."""
    if isinstance(data, bytes):
        return hashlib.sha256(data).hexdigest()
    with data.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def uid_from(*parts: str) -> str:
    """A UID that is always the same for the same parts: 2.25 and 128 bits of their SHA-256 (PS3.5 annex
    B.2).
    """
    digest = hashlib.sha256("\n".join(parts).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"
