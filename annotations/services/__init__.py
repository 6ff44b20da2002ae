"""Writes."""

from .items import item_flag, item_reopen, item_skip, items_sync
from .schemas import schema_set
from .versions import version_save, version_submit

__all__ = [
    "item_flag",
    "item_reopen",
    "item_skip",
    "items_sync",
    "schema_set",
    "version_save",
    "version_submit",
]
