"""Small projects whose images are rows only: enough for the queue; learning tests make real files."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from annotations.models import Item
from fovea.accounts.models import User
from fovea.datasets.models import Blob, Dataset, Instance, Membership, Patient, Project, Series, Study
from fovea.learning.services.entries import entries_add


@pytest.fixture
def make_project(db: None) -> Callable[..., Project]:
    """make_project(images=3, patients=None): a project of that many one-image series, items queued."""

    def make(images: int = 3, *, patients: int | None = None) -> Project:
        dataset = Dataset.objects.create(slug=f"d{uuid.uuid4().hex[:8]}", name="Dataset")
        project = Project.objects.create(dataset=dataset, slug=f"p{uuid.uuid4().hex[:8]}", name="Project")
        people = [Patient.objects.create(dataset=dataset, key=f"P{n}") for n in range(patients or images)]
        blob, _ = Blob.objects.get_or_create(sha256="0" * 64, defaults={"size": 1})
        ids = []
        for n in range(images):
            patient = people[n % len(people)]
            study = Study.objects.create(dataset=dataset, patient=patient, uid=f"1.{n}")
            series = Series.objects.create(
                dataset=dataset, study=study, uid=f"1.{n}.1", frame_count=1, modality="CT"
            )
            instance = Instance.objects.create(
                dataset=dataset, series=series, sop_uid=f"1.{n}.1.1", source=blob, rows=4, columns=5, frames=1
            )
            ids.append(
                Item.objects.create(project=project, series=series, instance=instance, patient=patient).pk
            )
        entries_add(ids)
        return project

    return make


@pytest.fixture
def join(db: None) -> Callable[..., User]:
    """join(project, role="radiologist"): a new person with that role."""

    def make(project: Project, role: str = "radiologist") -> User:
        user = User.objects.create_user(f"{role}-{uuid.uuid4().hex[:6]}", password="x")
        Membership.objects.create(project=project, user=user, role=role)
        return user

    return make
