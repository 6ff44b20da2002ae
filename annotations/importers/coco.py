"""COCO JSON: boxes and regions per image (cocodataset.org, data format)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from .base import BoxRow, LabelReader, LabelRow, SegmentRow


def rows(data: bytes, options: Mapping[str, Any]) -> Iterator[LabelRow]:
    """Rows of a COCO file. An image without annotations is a row with no boxes: looked at, nothing found."""
    try:
        document = json.loads(data)
        names = {category["id"]: str(category["name"]) for category in document["categories"]}
        images = {image["id"]: str(image["file_name"]) for image in document["images"]}
        annotations = document["annotations"]
        by_image: dict[Any, list[Any]] = defaultdict(list)
        for annotation in annotations:
            by_image[annotation["image_id"]].append(annotation)
        for key, name in images.items():
            yield LabelRow(
                image=name,
                boxes=tuple(_box(a, names) for a in by_image[key] if _has_area(a)),
                segments=tuple(
                    SegmentRow(names[a["category_id"]], a["segmentation"])
                    for a in by_image[key]
                    if a.get("segmentation")
                ),
            )
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise ValueError(
            "not COCO: it needs images, annotations and categories as cocodataset.org writes them"
        ) from error


def _has_area(annotation: Mapping[str, Any]) -> bool:
    box = annotation.get("bbox") or [0, 0, 0, 0]
    return len(box) == 4 and box[2] > 0 and box[3] > 0


def _box(annotation: Mapping[str, Any], names: Mapping[Any, str]) -> BoxRow:
    x, y, w, h = (float(value) for value in annotation["bbox"])
    return BoxRow(names[annotation["category_id"]], x, y, w, h)


COCO = LabelReader("coco", "COCO", "Boxes and regions per image", (".json",), rows)
