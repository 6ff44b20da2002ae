"""DICOM objects made on the spot, for what the real files do not show."""

import struct
from io import BytesIO

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian


def dataset(rows: int = 4, columns: int = 5, **attributes) -> Dataset:
    """A small CT image whose pixels count up from 0; keywords override."""
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", "1.2.3.4"
    made.StudyInstanceUID, made.SeriesInstanceUID = "1.2.3", "1.2.3.1"
    made.Modality, made.PatientID, made.PatientName = "CT", "CANARY-ID", "CANARY^NAME"
    made.Rows, made.Columns, made.SamplesPerPixel = rows, columns, 1
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 16, 15, 0
    made.PhotometricInterpretation = "MONOCHROME2"
    made.PixelData = np.arange(rows * columns, dtype="<u2").tobytes()
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def write(made: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """The object as a file, with preamble and file meta information."""
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.file_meta.MediaStorageSOPClassUID = made.get("SOPClassUID", "1.2")
    made.file_meta.MediaStorageSOPInstanceUID = made.get("SOPInstanceUID", "1.2")
    out = BytesIO()
    made.save_as(out, enforce_file_format=True)
    return out.getvalue()


def even(uid: str) -> bytes:
    """A UID's bytes, padded."""
    return uid.encode() + b"\x00" * (len(uid) % 2)


def element(tag: tuple[int, int], vr: str, value: bytes, length: int | None = None) -> bytes:
    """One explicit little endian element, with a length that need not be true."""
    length = len(value) if length is None else length
    head = struct.pack("<HH2s", *tag, vr.encode())
    if vr in ("OB", "OW", "SQ", "UN", "UT"):
        return head + struct.pack("<HL", 0, length) + value
    return head + struct.pack("<H", length) + value


def encapsulated(fragments: list[bytes], table: bytes = b"", *, delimiter: bool = True) -> bytes:
    """A pixel data element of undefined length (PS3.5 annex A.4)."""
    items = b"".join(struct.pack("<HHL", 0xFFFE, 0xE000, len(piece)) + piece for piece in [table, *fragments])
    end = struct.pack("<HHL", 0xFFFE, 0xE0DD, 0) if delimiter else b""
    return element((0x7FE0, 0x0010), "OB", items + end, 0xFFFFFFFF)
