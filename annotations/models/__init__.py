"""The tables: what is asked (LabelSchema), of what (Item), and what was answered (AnnotationVersion)."""

from .items import Item, ItemSkip, ItemState
from .schemas import LabelSchema
from .versions import AnnotationVersion, Source

__all__ = ["AnnotationVersion", "Item", "ItemSkip", "ItemState", "LabelSchema", "Source"]
