"""The content of an annotation: from what a client sends to what is stored, and back.

Parts: `answers` {question: value or values}, `boxes` and `polygons` (lists of objects on a frame), `slices` {frame key: label map}.
On the wire a label map is base64 of its run-length code (ml.imaging.masks), stored it is the SHA-256 of a blob. Positions are in
pixels of the frame, x to the right and y down, (0, 0) the top-left corner of the top-left pixel.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping
from typing import Any

from annotations.spec import BACKGROUND, IGNORE, Spec
from fovea.core.errors import Invalid
from fovea.core.storage import blob_put, blob_read
from fovea.datasets.models import Blob
from ml.imaging import masks

Content = dict[str, Any]
Shapes = Mapping[str, tuple[int, int]]  # frame key -> (rows, columns)

PARTS = ("answers", "boxes", "polygons", "slices")
_MAX_SHAPES = 5_000
_MAX_POINTS = 10_000
_MAX_RLE = 64 * 2**20


def store(content: object, *, spec: Spec, shapes: Shapes) -> Content:
    """Check what a client sent and store its label maps. Only parts that were sent are in the result; an emptied slice is None.

    Raises Invalid (with the place) for anything that the schema does not ask or that does not fit the frames.
    """
    if not isinstance(content, dict):
        raise Invalid("`content` is an object with answers, boxes, polygons or slices.")
    unknown = set(content) - set(PARTS)
    if unknown:
        raise Invalid(f"`content` has unknown parts: {', '.join(sorted(map(str, unknown)))}.")
    result: Content = {}
    if "answers" in content:
        result["answers"] = _answers(content["answers"], spec)
    if "boxes" in content:
        result["boxes"] = [_box(b, i, spec, shapes) for i, b in enumerate(_list(content["boxes"], "boxes"))]
    if "polygons" in content:
        polygons = _list(content["polygons"], "polygons")
        result["polygons"] = [_polygon(p, i, spec, shapes) for i, p in enumerate(polygons)]
    if "slices" in content:
        result["slices"] = _slices(content["slices"], spec, shapes)
    return result


def merge(base: Content, change: Content, *, partial: bool) -> Content:
    """A base with a change applied: slices one by one (None takes a slice away), other parts whole. Neither input is changed."""
    result = (
        {**base, **{part: value for part, value in change.items() if part != "slices"}}
        if partial
        else dict(change)
    )
    if "slices" in change:
        slices = {**(base.get("slices", {}) if partial else {}), **change["slices"]}
        result["slices"] = {key: name for key, name in slices.items() if name is not None}
    return result


def wire(stored: Content) -> Content:
    """The stored form as clients read it: label maps inlined as base64 of their run-length code."""
    if not stored.get("slices"):
        return stored
    slices = {
        key: base64.b64encode(masks.unpack(blob_read(name), _MAX_RLE)).decode()
        for key, name in stored["slices"].items()
    }
    return {**stored, "slices": slices}


def complete(content: Content, spec: Spec) -> Content:
    """A submitted content: every part that the schema asks is stated, empty where nothing was found.

    Raises Invalid with code `incomplete` and the missing questions.
    """
    answers = content.get("answers", {})
    missing = [q["key"] for q in spec["questions"] if q["required"] and not answers.get(q["key"])]
    if missing:
        names = ", ".join(f"“{q['text']}”" for q in spec["questions"] if q["key"] in missing)
        raise Invalid(f"Still to be answered: {names}.", code="incomplete", questions=missing)
    result = dict(content)
    for part, asked, empty in (
        ("answers", "questions", {}),
        ("slices", "classes", {}),
        ("boxes", "boxes", []),
    ):
        if spec[asked]:
            result.setdefault(part, empty)
    return result


def store_label_map(rle: bytes) -> str:
    """Keep a run-length code as a blob and return the blob's SHA-256."""
    blob = blob_put(masks.pack(rle))
    Blob.objects.bulk_create(
        [Blob(sha256=blob.sha256, size=blob.size, media_type="application/vnd.fovea.rle+zlib")],
        ignore_conflicts=True,
    )
    return blob.sha256


def summary(before: Content, after: Content) -> str:
    """What changed from one stored content to the next, in a few words."""
    slices, old = after.get("slices", {}), before.get("slices", {})
    changed = sum(1 for key in slices.keys() | old.keys() if slices.get(key) != old.get(key))
    parts = [f"{changed} slice{'s' if changed != 1 else ''}"] if changed else []
    for part, name in (("boxes", "boxes"), ("polygons", "polygons"), ("answers", "answers")):
        if after.get(part, None) != before.get(part, None) and (after.get(part) or before.get(part)):
            parts.append(name)
    return ", ".join(parts) or "no change"


def _list(value: object, part: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > _MAX_SHAPES:
        raise Invalid(f"`{part}` is a list of at most {_MAX_SHAPES} objects.")
    return value


def _answers(answers: object, spec: Spec) -> Content:
    if not isinstance(answers, dict):
        raise Invalid("`answers` is an object {question: answer}.")
    questions = {q["key"]: q for q in spec["questions"]}
    result: Content = {}
    for key, value in answers.items():
        if key not in questions:
            raise Invalid(f"The project does not ask “{key}”.")
        question = questions[key]
        allowed = [option["value"] for option in question["options"]]
        values = value if question["type"] == "multiple" else [value]
        if value is None or value == []:
            continue  # an answer taken back
        if not isinstance(values, list) or any(v not in allowed for v in values):
            raise Invalid(
                f"“{key}” is answered with {'some' if question['type'] == 'multiple' else 'one'} of {allowed}."
            )
        result[key] = [v for v in allowed if v in values] if question["type"] == "multiple" else value
    return result


def _number(entry: Content, field: str, place: str) -> float:
    value = entry.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Invalid(f"{place}.{field} is a number in pixels.")
    return float(value)


def _shape(entry: object, place: str, shapes: Shapes) -> tuple[Content, tuple[int, int]]:
    if not isinstance(entry, dict) or entry.get("frame") not in shapes:
        raise Invalid(f"{place} is an object whose `frame` is one of this item's frames.")
    if not isinstance(entry.get("id"), str) or not 0 < len(entry["id"]) <= 64:
        raise Invalid(f"{place}.id is a text of 1 to 64 characters, made by the client.")
    return entry, shapes[entry["frame"]]


def _box(entry: object, position: int, spec: Spec, shapes: Shapes) -> Content:
    place = f"boxes[{position}]"
    box, (rows, columns) = _shape(entry, place, shapes)
    if box.get("class") not in {kind["name"] for kind in spec["boxes"]}:
        raise Invalid(f"{place}.class is one of {[kind['name'] for kind in spec['boxes']]}.")
    x, y, w, h = (_number(box, field, place) for field in ("x", "y", "w", "h"))
    if w <= 0 or h <= 0 or x < 0 or y < 0 or x + w > columns or y + h > rows:
        raise Invalid(f"{place} has no area or reaches outside its {columns} × {rows} frame.")
    return {"id": box["id"], "class": box["class"], "frame": box["frame"], "x": x, "y": y, "w": w, "h": h}


def _polygon(entry: object, position: int, spec: Spec, shapes: Shapes) -> Content:
    place = f"polygons[{position}]"
    polygon, _ = _shape(entry, place, shapes)
    if polygon.get("class") not in {c["name"] for c in spec["classes"]} | {b["name"] for b in spec["boxes"]}:
        raise Invalid(f"{place}.class is one of the schema's classes.")
    points = polygon.get("points")
    if not isinstance(points, list) or not 3 <= len(points) <= _MAX_POINTS:
        raise Invalid(f"{place}.points lists 3 to {_MAX_POINTS} points [x, y].")
    checked = []
    for point in points:
        if not isinstance(point, list | tuple) or len(point) != 2:
            raise Invalid(f"{place}.points lists points [x, y].")
        checked.append([_number({"x": value}, "x", place) for value in point])
    return {"id": polygon["id"], "class": polygon["class"], "frame": polygon["frame"], "points": checked}


def _slices(slices: object, spec: Spec, shapes: Shapes) -> dict[str, str | None]:
    if not isinstance(slices, dict):
        raise Invalid("`slices` is an object {frame key: label map}.")
    allowed = {c["index"] for c in spec["classes"]} | {BACKGROUND, IGNORE}
    result: dict[str, str | None] = {}
    for key, text in slices.items():
        if key not in shapes:
            raise Invalid(f"Frame “{key}” is not of this item.")
        result[key] = None if text is None else _label_map(text, key, shapes[key], allowed)
    return result


def _label_map(text: object, key: str, shape: tuple[int, int], allowed: set[int]) -> str | None:
    try:
        rle = base64.b64decode(text, validate=True)  # type: ignore[arg-type]
        counts = masks.count_values(rle)
    except (TypeError, ValueError, binascii.Error):
        raise Invalid(f"The label map of frame “{key}” is not base64 of a run-length code.") from None
    if sum(counts.values()) != shape[0] * shape[1]:
        raise Invalid(f"The label map of frame “{key}” does not fill its {shape[1]} × {shape[0]} pixels.")
    if not set(counts) <= allowed:
        raise Invalid(f"The label map of frame “{key}” holds classes that the project does not have.")
    return None if set(counts) == {BACKGROUND} else store_label_map(rle)
