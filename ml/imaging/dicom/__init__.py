"""DICOM objects: headers as frozen data, where each frame's bytes lie, and metadata for the viewer."""

from ml.imaging.dicom.files import DicomFile, looks_like_dicom, open_dicom
from ml.imaging.dicom.framegroups import FrameHeader
from ml.imaging.dicom.frames import FrameIndex, frame_index
from ml.imaging.dicom.header import DicomHeader, Identity, PixelFormat, parse
from ml.imaging.dicom.metadata import metadata_json

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
