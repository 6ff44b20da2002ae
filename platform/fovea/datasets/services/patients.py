"""Whose images: told by a label table rather than by the images themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from fovea.datasets.models import Dataset, Patient, Series, Study

Assignment = tuple[str, Mapping[str, Any]]  # the patient's key, and what else is known (sex, age, site …)


def patient_assign(
    dataset: Dataset, series: Series, key: str, attributes: Mapping[str, Any] | None = None
) -> Patient:
    """Give a series (with its whole study) to the patient of that key, made when it is new. See
    `patients_assign`.
    """
    return patients_assign(dataset, {series.pk: (key, attributes or {})})[series.pk]


@transaction.atomic
def patients_assign(dataset: Dataset, assignments: Mapping[int, Assignment]) -> dict[int, Patient]:
    """Give many series to patients; `assignments` is by the series' primary key. Returns each series'
    patient.

    A patient's new attributes are added to the known ones. The patients that stood for a file alone stay,
    without images: items may still point at them. Not a person's action: the import has asked already.
    """
    keys = {key[:128]: dict(attributes) for key, attributes in assignments.values()}
    patients = _upsert(dataset, keys)
    study_of = dict(Series.objects.filter(dataset=dataset, pk__in=assignments).values_list("id", "study_id"))
    target = {study_of[pk]: patients[key[:128]] for pk, (key, _) in assignments.items() if pk in study_of}
    studies = list(Study.objects.filter(pk__in=target))
    for study in studies:
        study.patient = target[study.pk]
    Study.objects.bulk_update(studies, ["patient"], batch_size=500)
    return {pk: target[study] for pk, study in study_of.items()}


def _upsert(dataset: Dataset, keys: Mapping[str, dict[str, Any]]) -> dict[str, Patient]:
    fresh = [Patient(dataset=dataset, key=key) for key in sorted(keys)]
    Patient.objects.bulk_create(fresh, ignore_conflicts=True)
    rows = list(Patient.objects.select_for_update().filter(dataset=dataset, key__in=keys).order_by("key"))
    for row in rows:
        row.is_known = True
        row.sex = str(keys[row.key].get("sex") or row.sex)[:16]
        row.attributes = {**row.attributes, **keys[row.key]}
    Patient.objects.bulk_update(rows, ["is_known", "sex", "attributes"], batch_size=500)
    return {row.key: row for row in rows}
