"""Prepared files → rows, many at a time, in one transaction that either happens whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from django.db import connection
from django.db.models import Model

from fovea.datasets.models import Dataset, ImportFile, Instance, InstanceMetadata, Patient, Series, Study
from fovea.datasets.services.blobs import OCTETS, blobs_record
from fovea.datasets.services.ingest.records import Outcome, Prepared

M = TypeVar("M", bound=Model)
Entry = tuple[ImportFile, Prepared]


def store(dataset: Dataset, entries: Sequence[Entry]) -> list[Instance]:
    """Store the files that are new; every file's row says afterwards what became of it. Returns the new
    instances.

    The same SOP UID with the same bytes is a `duplicate`; with other bytes it is a `conflict`: shown, and
    never written over what is there. Call inside a transaction: a lock makes imports into one dataset take
    turns, so that what is looked up here is still true when it is written.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('ingest'), %s)", [dataset.pk])
    fresh = _in_their_study(dataset, _fresh(dataset, entries))
    patients = _patients(dataset, fresh)
    studies = _studies(dataset, fresh, patients)
    series = _series(dataset, fresh, studies)
    blobs_record((p.frames.blob, OCTETS) for _, p in fresh if p.frames)
    made = Instance.objects.bulk_create([_instance(dataset, series[p.series_uid], p) for _, p in fresh])
    InstanceMetadata.objects.bulk_create(
        [
            InstanceMetadata(instance=row, dicom_json=p.metadata)
            for row, (_, p) in zip(made, fresh, strict=True)
        ]
    )
    for row, (file, _) in zip(made, fresh, strict=True):
        file.instance = row
    _point_twins_at(made, entries)
    return made


def _point_twins_at(made: list[Instance], entries: Sequence[Entry]) -> None:
    """Files with the same bytes that came in one step: the later ones belong to the instance that the first
    one made.
    """
    by_uid = {row.sop_uid: row for row in made}
    for file, prepared in entries:
        if file.status == "duplicate" and file.instance_id is None:
            file.instance = by_uid.get(prepared.sop_uid)


def settle(file: ImportFile, outcome: Outcome) -> None:
    """Write an outcome on a file's row, in memory."""
    file.status, file.reason, file.message = outcome.status, outcome.reason, outcome.message


def save_files(files: Sequence[ImportFile]) -> None:
    """Write what became of files to the database."""
    ImportFile.objects.bulk_update(files, ["status", "reason", "message", "instance"], batch_size=200)


def _fresh(dataset: Dataset, entries: Sequence[Entry]) -> list[Entry]:
    """The entries whose SOP UID is new here; the others are settled as duplicates or conflicts."""
    uids = [p.sop_uid for _, p in entries]
    rows = Instance.objects.filter(dataset=dataset, sop_uid__in=uids).values_list(
        "sop_uid", "source_id", "id"
    )
    known: dict[str, tuple[str, int | None]] = {uid: (sha256, pk) for uid, sha256, pk in rows}
    fresh = []
    for file, prepared in entries:
        if prepared.sop_uid not in known:
            known[prepared.sop_uid] = (prepared.source_sha256, None)
            fresh.append((file, prepared))
            continue
        sha256, instance_id = known[prepared.sop_uid]
        if sha256 == prepared.source_sha256:
            file.instance_id = instance_id
            settle(file, Outcome("duplicate", "duplicate", "These bytes are stored already."))
        else:
            message = (
                "Another file with the same SOP Instance UID is stored; it was kept, and this one left out."
            )
            settle(file, Outcome("conflict", "uid_conflict", message))
    return fresh


def _in_their_study(dataset: Dataset, entries: list[Entry]) -> list[Entry]:
    """The entries, each in the study that its series is stored in, and its study's patient: a series is in
    one study.

    Where the file says otherwise its row tells so; the image is kept.
    """
    rows = Series.objects.filter(dataset=dataset, uid__in=[p.series_uid for _, p in entries])
    study_of = dict(rows.values_list("uid", "study__uid"))
    placed = []
    for file, prepared in entries:
        study_uid = study_of.setdefault(prepared.series_uid, prepared.study_uid)
        settle(file, Outcome("stored"))
        if study_uid != prepared.study_uid:
            settle(
                file,
                Outcome("stored", "other_study", "The file names another study than the rest of its series."),
            )
            metadata = prepared.metadata | {"0020000D": {"vr": "UI", "Value": [study_uid]}}
            prepared = replace(prepared, study_uid=study_uid, metadata=metadata)
        placed.append((file, prepared))
    return placed


def _patients(dataset: Dataset, entries: list[Entry]) -> dict[str, Patient]:
    wanted = {
        p.patient_key: Patient(dataset=dataset, key=p.patient_key, is_known=p.patient_known, sex=p.sex)
        for _, p in reversed(entries)
    }
    found = Patient.objects.filter(dataset=dataset, key__in=wanted)
    return _get_or_make({row.key: row for row in found}, wanted)


def _studies(dataset: Dataset, entries: list[Entry], patients: dict[str, Patient]) -> dict[str, Study]:
    wanted = {
        p.study_uid: Study(
            dataset=dataset,
            patient=patients[p.patient_key],
            uid=p.study_uid,
            date=p.study_date,
            description=p.study_description,
        )
        for _, p in reversed(entries)
    }
    found = Study.objects.filter(dataset=dataset, uid__in=wanted)
    return _get_or_make({row.uid: row for row in found}, wanted)


def _series(dataset: Dataset, entries: list[Entry], studies: dict[str, Study]) -> dict[str, Series]:
    wanted = {
        p.series_uid: Series(
            dataset=dataset,
            study=studies[p.study_uid],
            uid=p.series_uid,
            modality=p.modality,
            number=p.series_number,
            description=p.series_description,
            body_part=p.body_part,
            frame_of_reference_uid=p.frame_of_reference_uid,
            is_image=p.frames is not None,
        )
        for _, p in reversed(entries)
    }
    found = Series.objects.filter(dataset=dataset, uid__in=wanted)
    return _get_or_make({row.uid: row for row in found}, wanted)


def _get_or_make(found: dict[str, M], wanted: dict[str, M]) -> dict[str, M]:
    """Rows by key: those that are there, and the wanted ones that were not, made now."""
    missing = [row for key, row in wanted.items() if key not in found]
    made = type(missing[0])._default_manager.bulk_create(missing) if missing else []
    keys = {id(row): key for key, row in wanted.items()}
    return found | {keys[id(row)]: row for row in made}


def _instance(dataset: Dataset, series: Series, prepared: Prepared) -> Instance:
    instance = Instance(
        dataset=dataset,
        series=series,
        sop_uid=prepared.sop_uid,
        sop_class_uid=prepared.sop_class_uid,
        kind=prepared.kind,
        number=prepared.number,
        source_id=prepared.source_sha256,
        source_kind=prepared.source_kind,
    )
    if (frames := prepared.frames) is not None:
        instance.frames_blob_id = frames.blob.sha256
        instance.transfer_syntax_uid = frames.transfer_syntax_uid
        instance.rows, instance.columns, instance.samples = frames.rows, frames.columns, frames.samples
        instance.frames, instance.offsets, instance.lengths = (
            len(frames.offsets),
            frames.offsets,
            frames.lengths,
        )
    return instance
