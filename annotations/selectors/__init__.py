"""Reads."""

from .items import item_frames, item_get, items_of
from .schemas import schema_current
from .versions import annotation_state, history, submitted_versions

__all__ = [
    "annotation_state",
    "history",
    "item_frames",
    "item_get",
    "items_of",
    "schema_current",
    "submitted_versions",
]
