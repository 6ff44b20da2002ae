"""Small projects whose images are rows only: enough for the queue; learning tests make real files."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from annotations.content import store_label_map
from annotations.models import AnnotationVersion, Item, LabelSchema
from annotations.services.items import mark_submitted
from fovea.accounts.models import User
from fovea.datasets.models import Blob, Dataset, Instance, Membership, Patient, Project, Series, Study
from fovea.learning.services.entries import entries_add, entries_done
from ml.imaging.masks import encode_rle
from tests.factories import (
    BlobFactory,
    DatasetFactory,
    InstanceFactory,
    PatientFactory,
    ProjectFactory,
    SeriesFactory,
    StudyFactory,
)

CLASSIFY = {
    "questions": [
        {
            "key": "square",
            "text": "A square?",
            "type": "single",
            "required": True,
            "options": [{"value": "no", "label": "No"}, {"value": "yes", "label": "Yes"}],
        }
    ],
    "classes": [],
    "boxes": [],
}
SEGMENT = {"questions": [], "classes": [{"index": 1, "name": "square", "color": "#43c59e"}], "boxes": []}


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


def _png(bright: bool, number: int) -> bytes:
    """A grey 32 × 32 image with noise, and a bright square in the middle of the bright ones."""
    pixels = np.random.default_rng(number).integers(0, 60, (32, 32), dtype=np.uint8)
    if bright:
        pixels[10:22, 10:22] += 150
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, format="PNG")
    return data.getvalue()


@pytest.fixture
def image_project(db: None, blob_root: Path, join: Callable[..., User]) -> Callable[..., SimpleNamespace]:
    """image_project(images=24, labelled=16, spec=…): real small images, of which every second holds a bright square.

    `.scientist` may train; `.ids` are the items; the first `labelled` are submitted with the truth.
    """

    def make(images: int = 24, labelled: int = 16, masks: bool = False) -> SimpleNamespace:
        dataset = DatasetFactory()
        project = ProjectFactory(dataset=dataset)
        spec = SEGMENT if masks else CLASSIFY
        schema = LabelSchema.objects.create(project=project, number=1, spec=spec)
        items = []
        for number in range(images):
            patient = PatientFactory(dataset=dataset)
            series = SeriesFactory(
                dataset=dataset,
                study=StudyFactory(dataset=dataset, patient=patient),
                frame_count=1,
                modality="XC",
            )
            blob = BlobFactory(data=_png(number % 2 == 1, number))
            instance = InstanceFactory(series=series, source=blob, rows=32, columns=32)
            items.append(
                Item.objects.create(project=project, series=series, instance=instance, patient=patient)
            )
        entries_add([item.pk for item in items])
        made = SimpleNamespace(project=project, spec=spec, schema=schema, items=items)
        made.ids = [item.pk for item in items]
        made.scientist, made.reader = join(project, "data_scientist"), join(project, "radiologist")
        made.label = lambda numbers: _label(made, numbers)
        made.label(range(labelled))
        return made

    return make


def _label(made: SimpleNamespace, numbers: Iterable[int]) -> None:
    for number in numbers:
        item, bright = made.items[number], number % 2 == 1
        if made.spec["classes"]:
            mask = np.zeros((32, 32), np.uint8)
            mask[10:22, 10:22] = bright
            slices = {f"{item.instance_id}-1": store_label_map(encode_rle(mask))} if bright else {}
            content = {"slices": slices}
        else:
            content = {"answers": {"square": "yes" if bright else "no"}}
        version = AnnotationVersion.objects.create(
            item=item,
            number=1,
            schema=made.schema,
            key=uuid.uuid4(),
            author=made.reader,
            content=content,
            submitted=True,
        )
        item.current = version
        item.save()
    mark_submitted([made.items[number] for number in numbers], made.project.pk)
    entries_done([made.items[number].pk for number in numbers])
