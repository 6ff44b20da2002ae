"""The label schema's language: what a project may ask. Pure; a spec is a plain JSON object.

`{"questions": [...], "classes": [...], "boxes": [...]}`: questions are answered per item, classes are painted (index 1..254 in
the label map; 0 is background and 255 "not looked at"), boxes are drawn.
"""

from __future__ import annotations

import re
from typing import Any

from fovea.core.errors import Invalid

Spec = dict[str, Any]

QUESTION_TYPES = ("single", "multiple", "ordinal")
BACKGROUND, IGNORE = 0, 255
PALETTE = ("#ff7a59", "#43c59e", "#ffd166", "#6ec6ff", "#c792ea", "#f78fb3", "#9ccc65", "#ffab40")

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_LIMITS = {"questions": 50, "classes": 254, "boxes": 100}


def normalise(spec: object) -> Spec:
    """A checked spec with every part present and defaults filled in. Raises Invalid that names the place and the mend."""
    if not isinstance(spec, dict):
        raise Invalid("A label schema is an object with `questions`, `classes` and `boxes`.")
    unknown = set(spec) - set(_LIMITS)
    if unknown:
        raise Invalid(f"The label schema has unknown parts: {', '.join(sorted(map(str, unknown)))}.")
    result = {
        "questions": [
            _question(entry, f"questions[{i}]") for i, entry in enumerate(_list(spec, "questions"))
        ],
        "classes": [_class(entry, i, f"classes[{i}]") for i, entry in enumerate(_list(spec, "classes"))],
        "boxes": [_box(entry, i, f"boxes[{i}]") for i, entry in enumerate(_list(spec, "boxes"))],
    }
    if not any(result.values()):
        raise Invalid("A label schema asks at least one question or has at least one class or box kind.")
    _unique([q["key"] for q in result["questions"]], "question keys")
    _unique([c["index"] for c in result["classes"]], "class indexes")
    _unique([c["name"] for c in result["classes"]], "class names")
    _unique([b["name"] for b in result["boxes"]], "box names")
    return result


def compatible(old: Spec, new: Spec) -> None:
    """Raise Invalid when a new version would change what stored labels mean: an index, a key or a type reused otherwise."""
    names = {c["index"]: c["name"] for c in old["classes"]}
    for entry in new["classes"]:
        before = names.get(entry["index"], entry["name"])
        if before != entry["name"] and before in {c["name"] for c in new["classes"]}:
            raise Invalid(
                f"Class index {entry['index']} means “{before}” in stored masks; give the new class a free index."
            )
    types = {q["key"]: q["type"] for q in old["questions"]}
    for entry in new["questions"]:
        if types.get(entry["key"], entry["type"]) != entry["type"]:
            raise Invalid(f"Question “{entry['key']}” was answered with another type; use a new key.")


def _list(spec: Spec, part: str) -> list[Any]:
    entries = spec.get(part) or []
    if not isinstance(entries, list):
        raise Invalid(f"`{part}` is a list.")
    if len(entries) > _LIMITS[part]:
        raise Invalid(f"`{part}` holds at most {_LIMITS[part]} entries.")
    return entries


def _text(entry: Spec, field: str, place: str, *, default: str | None = None, limit: int = 200) -> str:
    value = entry.get(field, default)
    if not isinstance(value, str) or not value.strip() or len(value) > limit:
        raise Invalid(f"{place}.{field} is a text of 1 to {limit} characters.")
    return value.strip()


def _object(entry: object, place: str) -> Spec:
    if not isinstance(entry, dict):
        raise Invalid(f"{place} is an object.")
    return entry


def _question(entry: object, place: str) -> Spec:
    entry = _object(entry, place)
    key = _text(entry, "key", place, limit=40)
    if not _KEY.fullmatch(key):
        raise Invalid(f"{place}.key is made of small letters, digits, - and _.")
    kind = entry.get("type", "single")
    if kind not in QUESTION_TYPES:
        raise Invalid(f"{place}.type is one of {', '.join(QUESTION_TYPES)}.")
    options = entry.get("options")
    if not isinstance(options, list) or not 2 <= len(options) <= 100:
        raise Invalid(f"{place}.options lists 2 to 100 answers.")
    checked = []
    for i, option in enumerate(options):
        option = {"value": option} if isinstance(option, str) else _object(option, f"{place}.options[{i}]")
        value = _text(option, "value", f"{place}.options[{i}]", limit=100)
        checked.append(
            {"value": value, "label": _text(option, "label", f"{place}.options[{i}]", default=value)}
        )
    _unique([option["value"] for option in checked], f"answers of “{key}”")
    return {
        "key": key,
        "text": _text(entry, "text", place, default=key),
        "type": kind,
        "required": bool(entry.get("required", True)),
        "options": checked,
    }


def _color(entry: Spec, position: int, place: str) -> str:
    color = entry.get("color", PALETTE[position % len(PALETTE)])
    if not isinstance(color, str) or not _COLOR.fullmatch(color):
        raise Invalid(f"{place}.color is written #rrggbb.")
    return color.lower()


def _class(entry: object, position: int, place: str) -> Spec:
    entry = {"name": entry} if isinstance(entry, str) else _object(entry, place)
    index = entry.get("index", position + 1)
    if not isinstance(index, int) or isinstance(index, bool) or not BACKGROUND < index < IGNORE:
        raise Invalid(f"{place}.index is a whole number from 1 to 254.")
    return {"index": index, "name": _text(entry, "name", place), "color": _color(entry, position, place)}


def _box(entry: object, position: int, place: str) -> Spec:
    entry = {"name": entry} if isinstance(entry, str) else _object(entry, place)
    return {"name": _text(entry, "name", place), "color": _color(entry, position, place)}


def _unique(values: list[Any], what: str) -> None:
    if len(set(values)) != len(values):
        raise Invalid(f"The {what} are not all different.")
