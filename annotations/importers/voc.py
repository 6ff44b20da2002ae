"""Pascal VOC XML: boxes of one image (VOC devkit, annotation format)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

from .base import BoxRow, LabelReader, LabelRow

_ENTITY = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)


def rows(data: bytes, options: Mapping[str, Any]) -> Iterator[LabelRow]:
    """The row of a VOC file. VOC counts pixels from 1 and includes both ends; here edges lie at pixel borders from 0."""
    if _ENTITY.search(data):
        raise ValueError("the XML declares a document type; VOC files need none, and it could be an attack")
    try:
        root = ElementTree.fromstring(data)  # noqa: S314 - entity declarations were refused above
    except ElementTree.ParseError as error:
        raise ValueError("not XML that can be read") from error
    name = root.findtext("filename")
    if root.tag != "annotation" or not name:
        raise ValueError("not Pascal VOC: it needs <annotation> with a <filename>")
    boxes = (_box(node) for node in root.iter("object"))
    yield LabelRow(image=name, boxes=tuple(box for box in boxes if box.w > 1 and box.h > 1))


def _box(node: ElementTree.Element) -> BoxRow:
    try:
        left, top, right, bottom = (
            float(node.findtext(f"bndbox/{side}", "")) for side in ("xmin", "ymin", "xmax", "ymax")
        )
    except ValueError:
        raise ValueError("an <object> has no complete <bndbox>") from None
    left, top = max(left, 1.0), max(top, 1.0)
    return BoxRow(node.findtext("name") or "object", left - 1, top - 1, right - left + 1, bottom - top + 1)


VOC = LabelReader("voc", "Pascal VOC", "Boxes of one image per file", (".xml",), rows)
