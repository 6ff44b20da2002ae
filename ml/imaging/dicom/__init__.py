"""DICOM objects: headers as frozen data, where each frame's bytes lie, and metadata for the viewer."""

from ml.imaging.dicom.files import DicomFile, looks_like_dicom, open_dicom




__all__ = [
    "DicomFile",
    "DicomHeader",
    "FrameHeader",
    "FrameIndex",
    "Identity",
    "PixelFormat",
    "frame_index",
    "looks_like_dicom",
    "metadata_json",
    "open_dicom",
    "parse",
]
