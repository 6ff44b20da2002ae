"""A first label schema, read off the labels that came with the images, for a project that asks nothing yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from annotations.importers import LabelRow
from annotations.models import LabelSchema
from annotations.services.label_content import read_mask
from annotations.services.label_names import NameIndex
from annotations.services.schemas import schema_set
from fovea.core.errors import Invalid
from fovea.core.storage import blob_path
from fovea.datasets.models import Import, ImportFile
from ml.imaging.nifti import nifti_info

_MAX_OPTIONS = 30


def schema_for(
    batch: Import,
    rows: Iterable[LabelRow],
    files: Sequence[ImportFile],
    masks: NameIndex,
    options: Mapping[str, Any],
    report: Callable[[str], None],
) -> LabelSchema | None:
    """Make the project's first schema from what its label files say; None when they say nothing that could be asked."""
    rows = list(rows)
    spec = {
        "questions": _questions(rows),
        "boxes": _boxes(rows),
        "classes": _classes(rows, files, masks, options),
    }
    if not any(spec.values()) or batch.project is None or batch.created_by is None:
        return None
    schema = schema_set(actor=batch.created_by, project=batch.project, spec=spec)
    named = [f"question “{q['key']}”" for q in spec["questions"]]
    named += [f"class “{c['name']}”" for c in spec["classes"]] + [f"box “{b['name']}”" for b in spec["boxes"]]
    report(f"The project asked nothing yet; its label schema was read off the labels: {', '.join(named)}.")
    return schema


def _questions(rows: list[LabelRow]) -> list[dict[str, Any]]:
    values: dict[str, set[str]] = {}
    for row in rows:
        for key, value in (row.answers or {}).items():
            values.setdefault(key, set()).add(value)
    return [
        {
            "key": key,
            "text": key.replace("_", " ").capitalize(),
            "options": [{"value": v} for v in sorted(found)],
        }
        for key, found in values.items()
        if 2 <= len(found) <= _MAX_OPTIONS
    ]


def _boxes(rows: list[LabelRow]) -> list[dict[str, Any]]:
    return [{"name": name} for name in sorted({box.name for row in rows for box in row.boxes or ()})]


def _classes(
    rows: list[LabelRow], files: Sequence[ImportFile], masks: NameIndex, options: Mapping[str, Any]
) -> list[dict[str, Any]]:
    if "values" in options:
        names = dict.fromkeys(options["values"].values())
        return [{"name": name} for name in names]
    if any(row.mask for row in rows):
        return [{"name": name} for name in _mask_classes(rows, files, masks)]
    return [{"name": name} for name in sorted({s.name for row in rows for s in row.segments or ()})]


def _mask_classes(rows: list[LabelRow], files: Sequence[ImportFile], masks: NameIndex) -> list[str]:
    """Label maps of few small values name that many classes; anything else (0/255, instance numbers) is one foreground."""
    highest = 0
    for row in [row for row in rows if row.mask][:20]:
        index = masks.find(row.mask)
        if index is not None:
            try:
                highest = max(highest, int(max(mask.max() for mask in _some(files[index]))))
            except Invalid:
                continue
    if 1 < highest <= 8:
        return [f"class {index}" for index in range(1, highest + 1)]
    return ["foreground"]


def _some(file: ImportFile) -> list[npt.NDArray[np.int64]]:
    """The frame of a mask image; of a volume the middle half, where there is something to see."""
    if not file.name.lower().endswith((".nii", ".nii.gz")):
        return read_mask(file)
    count = nifti_info(blob_path(file.blob_id or "")).shape[0]
    return read_mask(file, range(1 + count // 4, 1 + max(count // 4 + 1, 3 * count // 4)))
