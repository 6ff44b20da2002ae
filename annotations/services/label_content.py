"""From rows of label files to the stored content of an item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt

from annotations.content import Content, store_label_map
from annotations.importers import BoxRow, LabelRow, SegmentRow
from annotations.services.label_names import NameIndex
from annotations.spec import Spec
from fovea.core.errors import Invalid
from fovea.core.storage import blob_path
from fovea.datasets.models import ImportFile, Instance
from fovea.datasets.selectors.frames import FrameRef
from ml.imaging import masks as label_maps
from ml.imaging.coco import decode_segmentation
from ml.imaging.errors import UnreadableImage
from ml.imaging.reader import SourceKind, read_frames

Mask = npt.NDArray[np.uint8]


def content_of(
    rows: Sequence[tuple[LabelRow, Instance]],
    *,
    frames: Sequence[FrameRef],
    spec: Spec,
    files: Sequence[ImportFile],
    masks: NameIndex,
    options: Mapping[str, Any],
) -> Content:
    """The stored content that the rows give an item: only parts that the schema asks and the rows speak of; {} for nothing.

    Raises Invalid when a row says what the schema does not have, or a mask does not fit its image.
    """
    content: Content = {}
    by_instance: dict[int, list[FrameRef]] = {}
    for frame in frames:
        by_instance.setdefault(frame.instance_id, []).append(frame)
    for row, instance in rows:
        own = sorted(by_instance.get(instance.pk, []), key=lambda frame: frame.number)
        if row.answers and spec["questions"]:
            content["answers"] = {**content.get("answers", {}), **_answers(row.answers, spec)}
        if row.boxes is not None and spec["boxes"] and own:
            content.setdefault("boxes", []).extend(_box(box, own[0], spec) for box in row.boxes)
        if spec["classes"] and own:
            slices = _slices(row, own, spec, files, masks, options)
            if slices is not None:
                content["slices"] = {**content.get("slices", {}), **slices}
    return content


def read_mask(file: ImportFile, frames: Sequence[int] = (1,)) -> list[npt.NDArray[np.int64]]:
    """Whole-number label maps [row, column] of a mask file's frames. Raises Invalid when it cannot be read."""
    kind: SourceKind = "nifti" if file.name.lower().endswith((".nii", ".nii.gz")) else "raster"
    try:
        read = read_frames(blob_path(file.blob_id or ""), frames, kind=kind)
    except UnreadableImage as error:
        raise Invalid(f"a mask cannot be read: {error}") from None
    return [np.rint(f.pixels if f.pixels.ndim == 2 else f.pixels.max(axis=2)).astype(np.int64) for f in read]


def class_values(values: npt.NDArray[np.int64], spec: Spec, options: Mapping[str, Any]) -> dict[int, int]:
    """Which class each value of a mask means: {value: class index}; values not in it are background.

    `options["values"]` ({value: class name}) says it; else the values are class indexes when all of them are; else, with one
    class in the schema, everything that is not 0 is that class (255/0 masks, and instance numbers).
    """
    indexes = {c["name"]: c["index"] for c in spec["classes"]}
    if "values" in options:
        unknown = set(options["values"].values()) - set(indexes)
        if unknown:
            raise Invalid(f"the schema has no class {', '.join(sorted(unknown))}")
        return {int(value): indexes[name] for value, name in options["values"].items()}
    present = {int(value) for value in values if value != 0}
    if present <= set(indexes.values()):
        return {value: value for value in present}
    if len(indexes) == 1:
        return dict.fromkeys(present, next(iter(indexes.values())))
    raise Invalid("a mask holds values that are no class indexes; say what they mean with `values`")


def _answers(answers: Mapping[str, str], spec: Spec) -> dict[str, Any]:
    questions = {q["key"]: q for q in spec["questions"]}
    result: dict[str, Any] = {}
    for key, text in answers.items():
        question = questions.get(key) or (
            spec["questions"][0] if len(questions) == 1 and len(answers) == 1 else None
        )
        if question is None:
            raise Invalid(f"the project does not ask “{key}”; name the question with the `question` option")
        given = [part.strip() for part in text.split("|")] if question["type"] == "multiple" else [text]
        allowed = {o["value"].lower(): o["value"] for o in question["options"]} | {
            o["label"].lower(): o["value"] for o in question["options"]
        }
        if any(value.lower() not in allowed for value in given):
            raise Invalid(f"an answer to “{question['key']}” is not one that the project offers")
        values = [allowed[value.lower()] for value in given]
        result[question["key"]] = values if question["type"] == "multiple" else values[0]
    return result


def _box(box: BoxRow, frame: FrameRef, spec: Spec) -> dict[str, Any]:
    if box.name not in {kind["name"] for kind in spec["boxes"]}:
        raise Invalid(f"the project has no box kind “{box.name}”")
    x, y = min(max(box.x, 0.0), frame.columns - 1.0), min(max(box.y, 0.0), frame.rows - 1.0)
    right, bottom = min(box.x + box.w, float(frame.columns)), min(box.y + box.h, float(frame.rows))
    size = {"w": max(right - x, 1.0), "h": max(bottom - y, 1.0)}
    return {"id": str(uuid4()), "class": box.name, "frame": frame.key, "x": x, "y": y, **size}


def _slices(
    row: LabelRow,
    frames: list[FrameRef],
    spec: Spec,
    files: Sequence[ImportFile],
    masks: NameIndex,
    options: Mapping[str, Any],
) -> dict[str, str] | None:
    if row.mask:
        index = masks.find(row.mask)
        if index is None:
            raise Invalid("a mask that a label file names is not among the imported files")
        maps = _mask_maps(files[index], frames, spec, options)
    elif row.segments is not None:
        maps = [_rasterised(row.segments, frames[0], spec)]
    else:
        return None
    return {
        frame.key: store_label_map(label_maps.encode_rle(mask))
        for frame, mask in zip(frames, maps, strict=False)
        if mask.any()
    }


def _mask_maps(
    file: ImportFile, frames: list[FrameRef], spec: Spec, options: Mapping[str, Any]
) -> list[Mask]:
    maps = read_mask(file, [frame.number for frame in frames])
    meaning = class_values(np.unique(np.concatenate([np.unique(m) for m in maps])), spec, options)
    result = []
    for frame, values in zip(frames, maps, strict=True):
        if values.shape != (frame.rows, frame.columns):
            raise Invalid("a mask has another size than its image")
        mask = np.zeros(values.shape, np.uint8)
        for value, index in meaning.items():
            mask[values == value] = index
        result.append(mask)
    return result


def _rasterised(segments: tuple[SegmentRow, ...], frame: FrameRef, spec: Spec) -> Mask:
    indexes = {c["name"]: c["index"] for c in spec["classes"]}
    mask = np.zeros((frame.rows, frame.columns), np.uint8)
    for segment in segments:
        if segment.name not in indexes:
            raise Invalid(f"the project has no class “{segment.name}”")
        try:
            inside = decode_segmentation(segment.segmentation, (frame.rows, frame.columns))
        except ValueError as error:
            raise Invalid(f"a region cannot be read: {error}") from None
        mask[inside] = indexes[segment.name]
    return mask
