"""DICOM JSON (PS3.18 annex F) for the viewer: only what drawing and measuring need, never who the patient
is.
"""

import math
from contextlib import suppress
from typing import Any

import numpy as np
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from ml.imaging.dicom import values

MAX_DEPTH = 8
_NUMERIC = frozenset({"DS", "IS", "FL", "FD", "SL", "SS", "UL", "US", "SV", "UV"})
_KEYWORDS = """
SpecificCharacterSet ImageType SOPClassUID SOPInstanceUID Modality ConversionType
StudyInstanceUID SeriesInstanceUID FrameOfReferenceUID SeriesNumber InstanceNumber AcquisitionNumber
BodyPartExamined ViewPosition PatientPosition PatientOrientation
Laterality ImageLaterality AnatomicRegionSequence ViewCodeSequence CodeValue CodingSchemeDesignator
CodeMeaning
ImagePositionPatient ImageOrientationPatient PixelSpacing ImagerPixelSpacing NominalScannedPixelSpacing
PixelSpacingCalibrationType PixelSpacingCalibrationDescription EstimatedRadiographicMagnificationFactor
SliceThickness SpacingBetweenSlices SliceLocation PixelAspectRatio
DistanceSourceToDetector DistanceSourceToPatient GantryDetectorTilt
Rows Columns NumberOfFrames SamplesPerPixel PhotometricInterpretation PlanarConfiguration
BitsAllocated BitsStored HighBit PixelRepresentation SmallestImagePixelValue LargestImagePixelValue
PixelPaddingValue PixelPaddingRangeLimit LossyImageCompression LossyImageCompressionRatio
LossyImageCompressionMethod
RescaleSlope RescaleIntercept RescaleType ModalityLUTSequence ModalityLUTType
WindowCenter WindowWidth WindowCenterWidthExplanation VOILUTFunction VOILUTSequence PresentationLUTShape
LUTDescriptor LUTExplanation LUTData
RedPaletteColorLookupTableDescriptor GreenPaletteColorLookupTableDescriptor
BluePaletteColorLookupTableDescriptor
RedPaletteColorLookupTableData GreenPaletteColorLookupTableData BluePaletteColorLookupTableData
FrameTime FrameTimeVector FrameIncrementPointer RecommendedDisplayFrameRate CineRate StartTrim StopTrim
PreferredPlaybackSequencing TemporalPositionIdentifier NumberOfTemporalPositions TemporalResolution
TriggerTime
EchoTime EchoNumbers RepetitionTime DiffusionBValue
SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence FrameContentSequence
PlanePositionSequence
PlaneOrientationSequence PixelMeasuresSequence FrameVOILUTSequence PixelValueTransformationSequence
MREchoSequence EffectiveEchoTime MRDiffusionSequence FrameAnatomySequence FrameLaterality
CTImageFrameTypeSequence MRImageFrameTypeSequence FrameType
FrameAcquisitionNumber StackID InStackPositionNumber TemporalPositionIndex DimensionIndexValues
DimensionIndexSequence DimensionIndexPointer FunctionalGroupPointer DimensionOrganizationUID
DimensionOrganizationType
PlanePositionSlideSequence ColumnPositionInTotalImagePixelMatrix RowPositionInTotalImagePixelMatrix
TotalPixelMatrixColumns TotalPixelMatrixRows TotalPixelMatrixOriginSequence ImagedVolumeWidth
ImagedVolumeHeight
XOffsetInSlideCoordinateSystem YOffsetInSlideCoordinateSystem ZOffsetInSlideCoordinateSystem
ImageOrientationSlide
RealWorldValueMappingSequence RealWorldValueFirstValueMapped RealWorldValueLastValueMapped
RealWorldValueSlope
RealWorldValueIntercept MeasurementUnitsCodeSequence LUTLabel
SequenceOfUltrasoundRegions RegionSpatialFormat RegionDataType RegionFlags RegionLocationMinX0
RegionLocationMinY0
RegionLocationMaxX1 RegionLocationMaxY1 ReferencePixelX0 ReferencePixelY0 ReferencePixelPhysicalValueX
ReferencePixelPhysicalValueY PhysicalUnitsXDirection PhysicalUnitsYDirection PhysicalDeltaX
PhysicalDeltaY
TransducerFrequency
Units CorrectedImage DecayCorrection AttenuationCorrectionMethod DecayFactor DoseCalibrationFactor
FrameReferenceTime
ActualFrameDuration RadiopharmaceuticalInformationSequence RadionuclideTotalDose RadionuclideHalfLife
RadionuclidePositronFraction RadiopharmaceuticalStartTime RadiopharmaceuticalStartDateTime
SeriesDate SeriesTime AcquisitionDate AcquisitionTime PatientWeight PatientSize PatientSex
"""
# Dates, times and the patient's body are needed for PET's standardised uptake value (SUV) alone.
_ONLY_FOR_PET = """
SeriesDate SeriesTime AcquisitionDate AcquisitionTime PatientWeight PatientSize PatientSex
RadiopharmaceuticalStartTime RadiopharmaceuticalStartDateTime
"""


def _tags(keywords: str) -> frozenset[int]:
    found = [tag_for_keyword(keyword) for keyword in keywords.split()]
    return frozenset(tag for tag in found if tag is not None)


_PET_TAGS = _tags(_ONLY_FOR_PET)
_ALLOWED = _tags(_KEYWORDS)


def metadata_json(dataset: Dataset) -> dict[str, Any]:
    """A data set as DICOM JSON for the viewer: tags in upper-case hexadecimal, `{"vr": …, "Value": […]}`.

    Kept is an allow-list: UIDs, modality, image pixel, plane, look-up tables and windows, functional
    groups, cine, ultrasound regions, PET dose. Everything else (group 0002, pixel data, private attributes,
    names, dates, places) is left out, at every depth. Values that cannot be converted are left out too.
    """
    pet = values.text(dataset, "Modality") == "PT"
    return _convert(dataset, _ALLOWED if pet else _ALLOWED - _PET_TAGS, MAX_DEPTH)


def _convert(dataset: Dataset, allowed: frozenset[int], depth: int) -> dict[str, Any]:
    out: dict[str, Any] = {}
    present = (int(tag) for tag in dataset.keys())  # noqa: SIM118 - iterating a data set converts its values
    for tag in sorted(allowed.intersection(present)):
        with suppress(Exception):  # one broken value must not cost the others
            out[f"{tag:08X}"] = _element(dataset, tag, allowed, depth)
    if "00080005" in out:
        out["00080005"] = {"vr": "CS", "Value": ["ISO_IR 192"]}  # JSON is UTF-8 (PS3.18 F.2.1)
    return out


def _element(dataset: Dataset, tag: int, allowed: frozenset[int], depth: int) -> dict[str, Any]:
    element = dataset[tag]
    if element.VR == "OW" and dataset.original_encoding[1] is False:  # inline binary is little endian (F.2.7)
        element = DataElement(tag, "OW", np.frombuffer(element.value, ">u2").astype("<u2").tobytes())
    if element.VR != "SQ":
        made = dict(element.to_json_dict(None, bulk_data_threshold=1 << 30))
        if element.VR in _NUMERIC and not all(math.isfinite(value) for value in made.get("Value", ())):
            raise ValueError("not a number")
        return made
    items = [_convert(item, allowed, depth - 1) for item in element.value] if depth else []
    return {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}
