"""CSV: one row per image, with a class, a mask file, and patient, split and cluster where known."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from .base import BoxRow, LabelReader, LabelRow, split_of

# The column names that are understood without being told; options name others.
COLUMNS: dict[str, tuple[str, ...]] = {
    "image": ("file", "filename", "file_name", "image", "path", "image_id", "name", "id"),
    "label": ("label", "class", "diagnosis", "category", "target"),
    "mask": ("mask", "mask_file", "segmentation", "label_file"),
    "patient": ("patient", "patient_id", "subject", "subject_id"),
    "split": ("split", "set", "partition"),
    "cluster": ("cluster", "group", "site"),
}
_EDGES = ("xmin", "ymin", "xmax", "ymax")
_ATTRIBUTES = {
    "sex": ("sex", "gender"),
    "age": ("age", "age_approximate"),
    "scanner": ("scanner", "manufacturer"),
}


def rows(data: bytes, options: Mapping[str, Any]) -> Iterator[LabelRow]:
    """Rows of a CSV file. `options`: `image_column`, `label_column`, … name columns; `question` names what the label answers.

    A label column beside a mask column names what the mask shows, so it is an answer only when `label_column` says so. With columns
    xmin, ymin, xmax, ymax (edges in pixels) each row is one box of that label.
    """
    reader = csv.DictReader(io.StringIO(_text(data)))
    columns = _columns(reader.fieldnames or [], options)
    if "image" not in columns:
        known = ", ".join(COLUMNS["image"])
        raise ValueError(
            f"no column names the image: call it one of {known}, or say which with `image_column`"
        )
    is_boxes = {*_EDGES} <= {*(reader.fieldnames or [])} and "label" in columns
    question = options.get("question") or columns.get("label", "label").lower().replace(" ", "_")
    for row in reader:
        value = {part: (row.get(column) or "").strip() for part, column in columns.items()}
        if not value["image"]:
            continue
        yield LabelRow(
            image=value["image"],
            answers={question: value["label"]} if value.get("label") and not is_boxes else None,
            boxes=_boxes(row, value["label"]) if is_boxes else None,
            mask=value.get("mask", ""),
            patient=value.get("patient", ""),
            split=split_of(value.get("split", "")),
            cluster=value.get("cluster", ""),
            attributes={part: value[part] for part in _ATTRIBUTES if value.get(part)},
        )


def _boxes(row: Mapping[str, str], name: str) -> tuple[BoxRow, ...]:
    try:
        left, top, right, bottom = (float(row[edge]) for edge in _EDGES)
    except (TypeError, ValueError):
        raise ValueError("a box has an edge that is not a number") from None
    return (BoxRow(name, left, top, right - left, bottom - top),) if right > left and bottom > top else ()


def _columns(names: list[str] | Any, options: Mapping[str, Any]) -> dict[str, str]:
    by_lower = {name.strip().lower(): name for name in names if name}
    found = {}
    for part, candidates in {**COLUMNS, **_ATTRIBUTES}.items():
        chosen = options.get(f"{part}_column")
        if chosen:
            if chosen not in names:
                raise ValueError(f"there is no column “{chosen}”; the file has {', '.join(by_lower)}")
            found[part] = chosen
            continue
        name = next((by_lower[c] for c in candidates if c in by_lower), None)
        if name is not None:
            found[part] = name
    if "mask" in found and not options.get("label_column"):
        found.pop("label", None)
    return found


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("the file is not UTF-8 text: save the table as CSV UTF-8") from None


TABLE = LabelReader(
    "csv", "CSV table", "A class, a mask, patient, split and cluster per image", (".csv",), rows
)
