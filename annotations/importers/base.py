"""What every reader of label files gives: one LabelRow per image."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class BoxRow:
    """A box: left, top, width, height in pixels, edges at pixel borders."""

    name: str
    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True)
class SegmentRow:
    """A region of a class in COCO's form: polygons [[x1, y1, …], …] or {"counts", "size"}."""

    name: str
    segmentation: Any


@dataclass(frozen=True)
class LabelRow:
    """What a label file says of one image; parts it does not speak of stay None (unknown, not empty)."""

    image: str
    answers: Mapping[str, str] | None = None
    boxes: tuple[BoxRow, ...] | None = None
    segments: tuple[SegmentRow, ...] | None = None
    mask: str = ""
    patient: str = ""
    split: str = ""
    cluster: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LabelReader:
    """A registered format. `rows(data, options)` raises ValueError, with what is wrong, on a file it cannot read."""

    name: str
    title: str
    description: str
    suffixes: tuple[str, ...]
    rows: Callable[[bytes, Mapping[str, Any]], Iterator[LabelRow]]


_SPLITS = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test",
}  # fmt: skip


def split_of(text: str) -> str:
    """The split that a word names, or "" for an unknown word (the split is then drawn)."""
    return _SPLITS.get(text.strip().lower(), "")
