"""What differs between the frames of one object: place, spacing, rescale, windows, time.

A plain object says it once at the top level; an enhanced one in its shared and per-frame functional groups
(PS3.3 C.7.6.16). Both become one `FrameHeader` a frame.
"""

from dataclasses import dataclass
from typing import cast

from pydicom.dataset import Dataset

from ml.imaging.dicom import values
from ml.imaging.windowing import Function, Window

Vector = tuple[float, float, float]
_SPLIT_BY = (
    "TemporalPositionIdentifier",
    "TemporalPositionIndex",
    "AcquisitionNumber",
    "EchoNumbers",
    "EchoTime",
    "EffectiveEchoTime",
    "TriggerTime",
    "NominalCardiacTriggerDelayTime",
    "DiffusionBValue",
    "FrameReferenceTime",
    "AcquisitionTime",
    "StackID",
)


@dataclass(frozen=True)
class FrameHeader:
    """One frame. Positions and directions are LPS mm; `spacing` is (row, column) mm; orientation: row, then
    column.
    """

    position: Vector | None = None
    orientation: tuple[float, ...] | None = None
    spacing: tuple[float, float] | None = None
    thickness: float | None = None
    slope: float = 1.0
    intercept: float = 0.0
    unit: str = ""
    windows: tuple[Window, ...] = ()
    split_keys: tuple[tuple[str, str], ...] = ()  # attributes that tell time points and acquisitions apart


def frame_headers(dataset: Dataset, frames: int) -> tuple[FrameHeader, ...]:
    """One header a frame; frames beyond the per-frame groups take the shared values."""
    shared, per_frame = _groups(dataset)
    own = tuple(_frame_header(dataset, shared, item) for item in per_frame[:frames])
    return own if len(own) == frames else own + (_frame_header(dataset, shared, None),) * (frames - len(own))


def frame_header(dataset: Dataset, frame: int) -> FrameHeader:
    """The header of one frame, counting from 1."""
    shared, per_frame = _groups(dataset)
    return _frame_header(dataset, shared, per_frame[frame - 1] if frame <= len(per_frame) else None)


def _groups(dataset: Dataset) -> tuple[Dataset | None, list[Dataset]]:
    """The shared and the per-frame functional groups."""
    shared = values.first_item(dataset, "SharedFunctionalGroupsSequence")
    return shared, values.items(dataset, "PerFrameFunctionalGroupsSequence")


def _frame_header(dataset: Dataset, shared: Dataset | None, frame: Dataset | None) -> FrameHeader:
    if shared is None and frame is None:
        return _plain_header(dataset)
    return _enhanced_header(frame or Dataset(), shared or Dataset(), dataset)


def _plain_header(dataset: Dataset) -> FrameHeader:
    slope, intercept, unit = _rescale(dataset)
    return FrameHeader(
        position=_vector(dataset),
        orientation=_orientation(dataset),
        spacing=_spacing(dataset),
        thickness=values.number(dataset, "SliceThickness"),
        slope=slope,
        intercept=intercept,
        unit=unit,
        windows=windows(dataset),
        split_keys=_split_keys(dataset),
    )


def _enhanced_header(frame: Dataset, shared: Dataset, dataset: Dataset) -> FrameHeader:
    def group(macro: str) -> Dataset:
        return values.first_item(frame, macro) or values.first_item(shared, macro) or dataset

    measures = group("PixelMeasuresSequence")
    voi = windows(group("FrameVOILUTSequence"))
    content = group("FrameContentSequence")
    slope, intercept, unit = _rescale(group("PixelValueTransformationSequence"))
    echo, diffusion = group("MREchoSequence"), group("MRDiffusionSequence")
    return FrameHeader(
        position=_vector(group("PlanePositionSequence")),
        orientation=_orientation(group("PlaneOrientationSequence")),
        spacing=_spacing(measures),
        thickness=values.number(measures, "SliceThickness"),
        slope=slope,
        intercept=intercept,
        unit=unit,
        windows=voi or windows(dataset),
        split_keys=_split_keys(content, echo, diffusion),
    )


def windows(dataset: Dataset) -> tuple[Window, ...]:
    """The windows a data set (or VOI macro item) names, usable ones only (PS3.3 C.11.2.1.2)."""
    centers, widths = values.numbers(dataset, "WindowCenter"), values.numbers(dataset, "WindowWidth")
    labels = values.texts(dataset, "WindowCenterWidthExplanation")
    named = values.text(dataset, "VOILUTFunction").upper()
    function = cast(Function, named if named in ("LINEAR_EXACT", "SIGMOID") else "LINEAR")
    return tuple(
        Window(center, width, function, labels[index] if index < len(labels) else "")
        for index, (center, width) in enumerate(zip(centers, widths, strict=False))
        if width >= (1 if function == "LINEAR" else 1e-6)
    )


def _vector(dataset: Dataset) -> Vector | None:
    found = values.numbers(dataset, "ImagePositionPatient", 3)
    return (found[0], found[1], found[2]) if found else None


def _orientation(dataset: Dataset) -> tuple[float, ...] | None:
    found = values.numbers(dataset, "ImageOrientationPatient", 6)
    return found if any(found[:3]) and any(found[3:]) else None


def _spacing(dataset: Dataset) -> tuple[float, float] | None:
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        found = values.numbers(dataset, keyword, 2)
        if found and min(found) > 0:
            return found[0], found[1]
    return None


def _rescale(dataset: Dataset) -> tuple[float, float, str]:
    """(slope, intercept, unit); a slope of 0, which would erase the image, is taken as 1."""
    slope, intercept = values.number(dataset, "RescaleSlope"), values.number(dataset, "RescaleIntercept")
    return slope or 1.0, intercept or 0.0, "" if slope is None else values.text(dataset, "RescaleType")


def _split_keys(*datasets: Dataset) -> tuple[tuple[str, str], ...]:
    found = {
        keyword: value
        for keyword in _SPLIT_BY
        for dataset in datasets
        if (value := values.text(dataset, keyword))
    }
    return tuple(found.items())
