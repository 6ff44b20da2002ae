"""Label files that come with images: readers that turn a file into rows, one per image it speaks of."""

from .base import BoxRow, LabelReader, LabelRow, SegmentRow
from .coco import COCO
from .table import TABLE
from .voc import VOC

READERS: tuple[LabelReader, ...] = (TABLE, COCO, VOC)

__all__ = ["READERS", "BoxRow", "LabelReader", "LabelRow", "SegmentRow"]
