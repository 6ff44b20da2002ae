"""Which files of an import are labels rather than images. What they say is read by annotations."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from fovea.core.errors import Invalid
from fovea.core.storage import blob_read
from fovea.datasets.models import Import
from fovea.datasets.services.names import name_cleaned

DEFAULT_FOLDERS = ("masks", "labels")
_MAX_TABLE = 64 * 2**20


def options_checked(options: Mapping[str, Any]) -> dict[str, Any]:
    """An import's options. `labels` lists folder or column names that hold mask images. Raises Invalid."""
    labels = options.get("labels", list(DEFAULT_FOLDERS))
    texts = isinstance(labels, list | tuple) and all(isinstance(name, str) for name in labels)
    if not texts or len(labels) > 50 or any(not 0 < len(name) <= 200 for name in labels):
        raise Invalid("`options.labels` is a list of up to 50 folder or column names.")
    return {**options, "labels": list(labels)}


class MaskRule:
    """Says which image files are masks: those in a named folder, and those that a named column of a table
    lists.
    """

    def __init__(self, names: list[str], listed: frozenset[str] = frozenset()) -> None:
        self._folders = frozenset(name.strip("/").lower() for name in names)
        self._listed = listed

    def __call__(self, name: str) -> bool:
        """Whether the image file of that (cleaned) name is a mask."""
        folders = {part.lower() for part in PurePosixPath(name).parts[:-1]}
        return bool(folders & self._folders) or name in self._listed


def mask_rule(batch: Import) -> MaskRule:
    """The rule of an import: its options, and what its CSV files list in the columns that the options
    name.
    """
    names = batch.options.get("labels") or list(DEFAULT_FOLDERS)
    listed: set[str] = set()
    for name, sha256 in batch.files.filter(name__iendswith=".csv", blob__isnull=False).values_list(
        "name", "blob_id"
    ):
        listed |= _listed(blob_read(sha256, 0, _MAX_TABLE), PurePosixPath(name).parent, set(names))
    return MaskRule(names, frozenset(listed))


def _listed(table: bytes, folder: PurePosixPath, columns: set[str]) -> set[str]:
    """File names in the named columns of a CSV, relative to the folder that the table lies in."""
    rows = csv.reader(io.StringIO(table.decode("utf-8-sig", "replace").replace("\0", "")))
    found: set[str] = set()
    try:
        wanted = [index for index, column in enumerate(next(rows, [])) if column.strip() in columns]
        if not wanted:
            return found
        for row in rows:
            found |= {row[index] for index in wanted if index < len(row) and row[index]}
    except csv.Error:
        pass  # the label reader says what is wrong with the table
    return {name_cleaned(str(folder / value)) for value in found}
