"""An import from its first waiting file to its last: unpack, read, store, order; each step can be cut off
anywhere.

The rows of ImportFile are the checkpoint: what is no longer `waiting` is done. Whoever goes on after a crash
does again only what was not committed, and storing twice gives the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from fovea.core.storage import blob_path
from fovea.datasets.models import Import, ImportFile, Series
from fovea.datasets.selectors.imports import files_counted
from fovea.datasets.services.blobs import OCTETS, blobs_record
from fovea.datasets.services.ingest.archives import LIMITS, Member, Refused, unpack
from fovea.datasets.services.ingest.labels import mask_rule
from fovea.datasets.services.ingest.prepare import Preparer
from fovea.datasets.services.ingest.records import Outcome, Prepared
from fovea.datasets.services.ingest.series import series_finish
from fovea.datasets.services.ingest.store import Entry, save_files, settle, store
from fovea.datasets.services.names import UniqueNames
from fovea.datasets.signals import import_stored, series_stored

FILES_A_STEP = 64
SERIES_A_STEP = 64


@dataclass(frozen=True)
class Hooks:
    """How an import is watched and held: a job's run, or a command's.

    `progress(fraction, stage)`; `log(message)`; `check()` raises when the work must stop; `guard()` is a
    transaction in which nobody else can do the same work.
    """

    progress: Callable[[float, str], None] = lambda fraction, stage: None
    log: Callable[[str], None] = lambda message: None
    check: Callable[[], None] = lambda: None
    guard: Callable[[], AbstractContextManager[None]] = transaction.atomic


def run(batch: Import, hooks: Hooks) -> dict[str, int]:
    """Do what is left of an import and return the number of files by status.

    A bad file never stops it; a full disk does (StorageFull), and the import goes on from there when it is
    run again.
    """
    _unpack_all(batch, hooks)
    with Preparer(mask_rule(batch)) as preparer:
        _store_all(batch, hooks, preparer)
        _finish_all(batch, hooks, preparer)
    hooks.progress(0.98, "labels")
    import_stored.send(sender=Import, batch_id=batch.pk, report=hooks.log)
    counts = files_counted(batch)
    with hooks.guard():
        Import.objects.filter(pk=batch.pk).update(counts=counts, finished_at=timezone.now())
    hooks.progress(1.0, "done")
    return counts


def _unpack_all(batch: Import, hooks: Hooks) -> None:
    """Replace zip archives by their files, archives in archives too, down to the allowed depth."""
    while archive := batch.files.filter(status="waiting", name__iendswith=".zip", blob__isnull=False).first():
        hooks.check()
        hooks.progress(0.0, "unpacking")
        if archive.depth >= LIMITS.depth:
            message = f"Archives inside archives are unpacked {LIMITS.depth} deep; unpack this one and upload its files."
            settle(archive, Outcome("failed", "archive_depth", message))
        else:
            settle(archive, _unpack(batch, archive, hooks))
        with hooks.guard():
            save_files([archive])


def _unpack(batch: Import, archive: ImportFile, hooks: Hooks) -> Outcome:
    """Make a row for each file of an archive. Done again after a crash, it finds the rows that it made
    before.
    """
    # Names are made unique within the archive, in its order, so that a second run gives the same ones.
    unique, count, members = UniqueNames(), 0, list[tuple[str, Member]]()
    try:
        for member in unpack(blob_path(archive.blob_id or "")):
            members.append((unique(f"{archive.name}/{member.name}"), member))
            count += member.blob is not None
            if len(members) >= FILES_A_STEP:
                hooks.check()
                _add_members(batch, archive, members, hooks)
                members = []
    except Refused as refusal:
        return Outcome("failed", refusal.reason, refusal.message)
    _add_members(batch, archive, members, hooks)
    return Outcome("unpacked", "", f"{count} files were taken out.")


def _add_members(batch: Import, archive: ImportFile, members: list[tuple[str, Member]], hooks: Hooks) -> None:
    rows = [
        ImportFile(
            batch=batch,
            name=name,
            depth=archive.depth + 1,
            blob_id=member.blob.sha256 if member.blob else None,
            status="waiting" if member.blob else "failed",
            reason=member.reason,
            message=member.message,
        )
        for name, member in members
    ]
    with hooks.guard():
        blobs_record((member.blob, OCTETS) for _, member in members if member.blob)
        ImportFile.objects.bulk_create(rows, ignore_conflicts=True)


def _store_all(batch: Import, hooks: Hooks, preparer: Preparer) -> None:
    total = max(batch.files.count(), 1)
    left = batch.files.filter(status="waiting").count()
    while files := list(batch.files.filter(status="waiting").order_by("id")[:FILES_A_STEP]):
        hooks.check()
        hooks.progress(0.9 * (total - left) / total, "reading files")
        entries = [(file, found) for file in files if (found := _prepared(file, preparer)) is not None]
        _store(batch, files, entries, hooks)
        left -= len(files)


def _prepared(file: ImportFile, preparer: Preparer) -> Prepared | None:
    """The file, read; None when it is not an image, and then its row says what it is."""
    found = preparer.prepare(file.name, file.blob_id or "")
    if isinstance(found, Prepared):
        return found
    settle(file, found)
    return None


def _store(batch: Import, files: list[ImportFile], entries: list[Entry], hooks: Hooks) -> None:
    """Commit one step. When the database refuses it, file by file, so that only what it refuses fails."""
    try:
        with hooks.guard():
            store(batch.dataset, entries)
            save_files(files)
    except (DataError, IntegrityError):
        if len(files) == 1:
            settle(files[0], Outcome("failed", "unreadable", "The file holds values that cannot be stored."))
            files[0].instance = None
            with hooks.guard():
                save_files(files)
            return
        for file in files:
            _store(batch, [file], [entry for entry in entries if entry[0] is file], hooks)


def _finish_all(batch: Import, hooks: Hooks, preparer: Preparer) -> None:
    """Order, measure and picture every series that got something new; then tell who listens."""
    ids = list(_series_of(batch))
    for start in range(0, len(ids), SERIES_A_STEP):
        hooks.check()
        hooks.progress(0.9 + 0.08 * start / len(ids), "ordering series")
        step = ids[start : start + SERIES_A_STEP]
        finished = series_finish(step, preparer)
        with hooks.guard():
            finished.save()
            transaction.on_commit(partial(_announce, batch, step))


def _announce(batch: Import, series_ids: list[int]) -> None:
    series_stored.send(sender=Series, dataset_id=batch.dataset_id, series_ids=series_ids)


def _series_of(batch: Import) -> Iterator[int]:
    rows = batch.files.filter(status="stored", instance__isnull=False).values_list(
        "instance__series_id", flat=True
    )
    yield from rows.distinct().order_by("instance__series_id")
