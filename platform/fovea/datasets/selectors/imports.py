"""Reading imports and what became of their files."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from django.db.models import Count, Q, QuerySet

from fovea.accounts.access import Actor, require
from fovea.datasets.models import Import, ImportFile
from fovea.datasets.selectors.datasets import dataset_scope, not_here
from fovea.datasets.selectors.projects import projects_visible

_COLUMNS = ("name", "status", "reason", "message", "sha256")


def import_get(*, actor: Actor, import_id: int) -> Import:
    """An import, for those who may import into its dataset: file names may tell who a patient is. Raises
    NotFound, Forbidden.
    """
    batch = Import.objects.select_related("dataset", "project").filter(pk=import_id).first()
    if batch is None:
        not_here()
    if batch.project is not None:  # what came with labels of a project is not for others on the same dataset
        require(actor, "project.view", batch.project.scope)
    require(actor, "dataset.import", dataset_scope(batch.dataset_id))
    return batch


def imports_of(*, actor: Actor, dataset_id: int) -> QuerySet[Import]:
    """A dataset's imports, but for those into projects that the actor may not see; newest first, paginate by
    key.
    """
    require(actor, "dataset.import", dataset_scope(dataset_id))
    theirs = Q(project=None) | Q(project__in=projects_visible(actor=actor).order_by())
    rows = Import.objects.filter(theirs, dataset_id=dataset_id)
    return rows.select_related("dataset", "project").order_by("-id")


def import_counts(batch: Import) -> dict[str, int]:
    """How many of an import's files have each status: as stored when it is over, counted while it runs."""
    if batch.finished_at is not None and batch.counts:
        return dict(batch.counts)
    return files_counted(batch)


def files_counted(batch: Import) -> dict[str, int]:
    """How many of an import's files have each status now."""
    return dict(batch.files.values_list("status").annotate(number=Count("id")).order_by())


def import_files(batch: Import, status: str = "") -> QuerySet[ImportFile]:
    """An import's files in their order, all or those of one status; paginate by key."""
    rows = batch.files.order_by("id")
    return rows.filter(status=status) if status else rows


def files_csv(rows: QuerySet[ImportFile]) -> Iterator[str]:
    """The files as CSV, line by line, in constant memory."""
    writer = csv.writer(_Echo())
    yield writer.writerow(_COLUMNS)
    for values in rows.values_list("name", "status", "reason", "message", "blob_id").iterator(
        chunk_size=2_000
    ):
        yield writer.writerow(cells(values))


def cells(values: Iterable[object]) -> list[str]:
    """Values as CSV cells that no spreadsheet takes for a formula: one that begins like one gets an
    apostrophe in front.
    """
    texts = ["" if value is None else str(value) for value in values]
    return [f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text for text in texts]


class _Echo:
    """A file for csv.writer that hands each line back."""

    def write(self, line: str) -> str:
        return line
