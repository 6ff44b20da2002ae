"""Bringing files into a dataset: starting an import, doing it, and saying what became of a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from fovea.accounts.access import Actor, require
from fovea.audit.services import event_record
from fovea.core.errors import Conflict, Invalid
from fovea.core.storage import StoredBlob, blob_adopt
from fovea.datasets.models import Dataset, Import, ImportFile, Project, Upload
from fovea.datasets.selectors.datasets import dataset_scope
from fovea.datasets.services.blobs import OCTETS, blobs_record
from fovea.datasets.services.ingest.labels import options_checked
from fovea.datasets.services.ingest.run import Hooks, run
from fovea.datasets.services.names import UniqueNames
from fovea.datasets.services.uploads import uploads_discard
from fovea.jobs.services import job_start

MAX_FILES = 200_000
_ROWS = 1_000

NamedBlob = tuple[str, StoredBlob]  # a file's name as given, and where its bytes are


@transaction.atomic
def import_create(
    *,
    actor: Actor,
    dataset: Dataset,
    files: Iterable[NamedBlob],
    project: Project | None = None,
    options: Mapping[str, Any] | None = None,
) -> Import:
    """Note an import and its files, without starting it. Raises NotFound, Forbidden, Invalid.

    With a `project`, what label files say becomes labels of it. `options["labels"]` names folders and columns
    of mask images.
    """
    require(actor, "dataset.import", dataset_scope(dataset))
    if project is not None:
        require(actor, "project.edit", project.scope)
        if project.dataset_id != dataset.pk:
            raise Invalid("The project is on another dataset.", field="project")
    batch = Import.objects.create(
        dataset=dataset, project=project, options=options_checked(options or {}), created_by_id=actor.pk
    )
    files_add(batch=batch, files=files)
    event_record(
        actor=actor, action="import.start", scope=dataset_scope(dataset), target=f"import:{batch.pk}"
    )
    return batch


@transaction.atomic
def import_start(
    *,
    actor: Actor,
    dataset: Dataset,
    files: Iterable[NamedBlob],
    project: Project | None = None,
    options: Mapping[str, Any] | None = None,
) -> Import:
    """Note an import and queue its job, which starts when the transaction commits. Raises as `import_create`
    does.
    """
    batch = import_create(actor=actor, dataset=dataset, files=files, project=project, options=options)
    job = job_start(
        actor=actor,
        kind="import",
        title=f"Import into {dataset.name}",
        scope=project.scope if project is not None else dataset_scope(dataset),
        payload={"import": batch.pk},
        dedupe_key=f"import:{batch.pk}",
    )
    batch.job_id = job.pk
    batch.save(update_fields=["job_id"])
    return batch


@transaction.atomic
def import_uploads(
    *,
    actor: Actor,
    dataset: Dataset,
    uploads: list[UUID],
    project: Project | None = None,
    options: Mapping[str, Any] | None = None,
) -> Import:
    """Import what the actor has uploaded; the uploads are used up by it.

    Raises NotFound, Forbidden, Invalid for uploads that are not the actor's or not for this dataset, Conflict
    (code `upload_incomplete`) when bytes are missing.
    """
    require(actor, "dataset.import", dataset_scope(dataset))
    if not 1 <= len(set(uploads)) <= MAX_FILES:
        raise Invalid(f"`uploads` lists 1 to {MAX_FILES:,} uploads.")
    rows = Upload.objects.select_for_update(of=("self",)).filter(
        dataset=dataset, user_id=actor.pk, pk__in=uploads
    )
    found = list(rows.select_related("blob").order_by("created_at", "name"))
    if len(found) != len(set(uploads)):
        raise Invalid(
            "Some uploads do not exist any more, or are for another dataset; upload those files again."
        )
    incomplete = [str(upload.pk) for upload in found if upload.blob is None]
    if incomplete:
        raise Conflict(
            "Some files are not whole yet; see details.uploads.",
            code="upload_incomplete",
            uploads=incomplete[:100],
        )
    files = [
        (u.name, StoredBlob(u.blob.sha256, u.blob.size, existed=True)) for u in found if u.blob is not None
    ]
    batch = import_start(actor=actor, dataset=dataset, files=files, project=project, options=options)
    uploads_discard(found)
    return batch


def files_add(*, batch: Import, files: Iterable[NamedBlob]) -> int:
    """Add waiting files to an import under construction; names are cleaned and made unique. Returns how
    many.
    """
    unique = UniqueNames(set(batch.files.values_list("name", flat=True)))
    count, step = 0, list[NamedBlob]()
    for name, blob in files:
        step.append((unique(name), blob))
        count += 1
        if len(step) >= _ROWS:
            _add(batch, step)
            step = []
    _add(batch, step)
    return count


def _add(batch: Import, files: list[NamedBlob]) -> None:
    blobs_record((blob, OCTETS) for _, blob in files)
    ImportFile.objects.bulk_create(
        [ImportFile(batch=batch, name=name, blob_id=blob.sha256) for name, blob in files]
    )


def files_of_folder(folder: Path) -> Iterable[NamedBlob]:
    """A file, or all files below a folder in the order of their names, stored one by one. Links are not
    followed.
    """
    if folder.is_file():
        yield folder.name, blob_adopt(folder)
        return
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield str(path.relative_to(folder)), blob_adopt(path)


def import_run(batch: Import, hooks: Hooks | None = None) -> dict[str, int]:
    """Do what is left of an import, here and now; returns the number of files by status. See `ingest.run`."""
    return run(batch, hooks or Hooks())


def file_mark(file_id: int, *, status: str, reason: str = "", message: str = "") -> None:
    """Say what became of a label file: `label` with a message, or `failed` with a reason. No patient data."""
    ImportFile.objects.filter(pk=file_id).update(status=status, reason=reason, message=message)
