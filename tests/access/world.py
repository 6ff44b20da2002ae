"""Two projects with one object of each sort, the people who ask, and requests that are in order."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.test import Client

from annotations.models import Item
from annotations.services import schema_set
from fovea.accounts.models import User
from fovea.accounts.permissions import Role
from fovea.accounts.services import token_create
from fovea.datasets.models import (
    Import,
    ImportFile,
    InstanceMetadata,
    Membership,
    Project,
    Upload,
)
from fovea.jobs.models import JobLog
from fovea.learning.models import QueueEntry, Run, TrainedModel
from fovea.learning.services.entries import entries_add
from tests.factories import (
    PASSWORD,
    BlobFactory,
    DatasetFactory,
    InstanceFactory,
    JobFactory,
    MembershipFactory,
    PatientFactory,
    ProjectFactory,
    SeriesFactory,
    StudyFactory,
    UserFactory,
)

SPEC = {
    "questions": [{"key": "finding", "text": "Finding?", "options": ["none", "nodule"]}],
    "classes": [],
    "boxes": [],
}
FOREIGN = "zz-foreign"  # in every text of what is not the person's to see; names of people may be known


@dataclass(frozen=True)
class World:
    """Who asks (`people`: by role, "site_admin", "outsider", "nobody"), and whose objects: `own`, `foreign`, `sibling`.

    Everybody with a role has it in `own`. `foreign` is a project on another dataset; `sibling` another one on the same.
    """

    people: dict[str, User | None]
    own: SimpleNamespace
    foreign: SimpleNamespace
    sibling: SimpleNamespace
    stranger: User
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)


def make_world() -> World:
    """All rows, in the transaction that is open."""
    own = _place("own", ProjectFactory(slug="own", dataset=DatasetFactory(slug="own")))
    names = {"slug": FOREIGN, "name": FOREIGN}
    foreign = _place(FOREIGN, ProjectFactory(dataset=DatasetFactory(**names), **names))
    sibling_name = f"{FOREIGN}-sibling"
    sibling = _place(
        sibling_name,
        ProjectFactory(slug=sibling_name, name=sibling_name, dataset=own.dataset),
        own.series,
    )
    people: dict[str, User | None] = {role.value: UserFactory(username=f"the-{role}") for role in Role}
    for role, person in people.items():
        MembershipFactory(project=own.project, user=person, role=role)
    people["site_admin"] = UserFactory(username="the-site-admin", is_superuser=True, is_staff=True)
    people["outsider"] = UserFactory(username="the-outsider")
    stranger = UserFactory(username="the-stranger")
    MembershipFactory(project=foreign.project, user=stranger, role=Role.ADMIN)
    world = World({**people, "nobody": None}, own, foreign, sibling, stranger)
    for name, person in people.items():
        _belongings(world, name, person)
    foreign.tokens["stranger"] = token_create(actor=stranger, name=FOREIGN)[0]
    return world


def _place(name: str, project: Project, series: Any = None) -> SimpleNamespace:
    """One object of each sort in a project; a series already there is not made again."""
    dataset = project.dataset
    site_admin = UserFactory(username=f"maker-of-{project.pk}", is_superuser=True)
    if series is None:
        patient = PatientFactory(dataset=dataset, key=f"{name}-patient")
        study = StudyFactory(dataset=dataset, patient=patient, description=name)
        picture = BlobFactory(data=b"\xff\xd8" + name.encode(), media_type="image/jpeg")
        series = SeriesFactory(
            dataset=dataset, study=study, description=name, thumbnail=picture, instance_count=1, frame_count=1
        )
        instance = InstanceFactory(series=series)
        InstanceMetadata.objects.create(instance=instance, dicom_json={"00080018": {"Value": [name]}})
    schema_set(actor=site_admin, project=project, spec=SPEC)
    item = Item.objects.get(project=project)
    if not QueueEntry.objects.filter(item=item).exists():
        entries_add([item.pk])
    member = UserFactory(username=f"member-of-{project.pk}")
    Membership.objects.create(project=project, user=member, role=Role.VIEWER)
    batch = Import.objects.create(dataset=dataset, project=project, options={"note": name})
    ImportFile.objects.create(batch=batch, name=f"{name}.png", status="failed", reason="unreadable")
    job = JobFactory(title=name, scope=str(project.scope), created_by=site_admin)
    JobLog.objects.create(job=job, message=name)
    return SimpleNamespace(
        name=name,
        project=project,
        dataset=dataset,
        series=series,
        instance=series.instances.get(),
        item=item,
        member=member,
        batch=batch,
        job=job,
        run=Run.objects.create(project=project, number=3, job_id=job.pk, config={"note": name}),
        models=[_model(project, 1, "production", name), _model(project, 2, "candidate", name)],
        uploads={},
        tokens={},
    )


def _model(project: Project, number: int, state: str, name: str) -> TrainedModel:
    run = Run.objects.create(project=project, number=number, state="succeeded", config={"note": name})
    return TrainedModel.objects.create(
        project=project,
        run=run,
        number=number,
        state=state,
        headline="AUROC",
        architecture=name[:40],
        folder=f"none/{run.pk}",
        metrics={"headline": {"name": "AUROC", "value": 0.5}},
        headline_value=0.5,
    )


def _belongings(world: World, name: str, person: User) -> None:
    """A person's session and tokens, and an upload in each dataset: in the foreign one from before they were taken out of it."""
    browser = Client()
    browser.force_login(person)
    world.sessions[name] = browser.cookies[settings.SESSION_COOKIE_NAME].value
    for scope in ("read", "write"):
        token, secret = token_create(actor=person, name="script", scope=scope)
        world.tokens[name, scope] = secret
        world.own.tokens[name] = token
    for place in (world.own, world.foreign):
        title = f"{place.name}.png"
        upload = Upload.objects.create(dataset=place.dataset, user=person, name=title, size=4)
        whole = Upload.objects.create(
            dataset=place.dataset, user=person, name=title, size=4, received=4, blob=BlobFactory()
        )
        place.uploads[name] = SimpleNamespace(begun=upload, whole=whole)


# What the parts of an address are, by the sort of object: (place, who asks) -> arguments.
ARGUMENTS: dict[str, Callable[[Any, str], dict[str, Any]]] = {
    "": lambda at, who: {},
    "project": lambda at, who: {"slug": at.project.slug},
    "dataset": lambda at, who: {"slug": at.dataset.slug},
    "member": lambda at, who: {"slug": at.project.slug, "username": at.member.username},
    "item": lambda at, who: {"item_id": at.item.pk},
    "series": lambda at, who: {"pk": at.series.pk},
    "import": lambda at, who: {"pk": at.batch.pk},
    "job": lambda at, who: {"job_id": at.job.pk},
    "run": lambda at, who: {"run_id": at.run.pk},
    "model": lambda at, who: {"model_id": at.models[1].pk},
    "compared": lambda at, who: {},
    "user": lambda at, who: {"user_id": at.member.pk},
    "token": lambda at, who: {"token_id": (at.tokens.get(who) or next(iter(at.tokens.values()))).pk},
    "upload": lambda at, who: {"pk": at.uploads[who].begun.pk if who in at.uploads else uuid.uuid4()},
    "wado": lambda at, who: {
        "dataset": at.dataset.slug, "study": at.series.study.uid, "series": at.series.uid
    },
    "frame": lambda at, who: {
        **ARGUMENTS["wado"](at, who), "instance": at.instance.sop_uid, "number": "1"
    },
}  # fmt: skip


def _key() -> str:
    return str(uuid.uuid4())


# Bodies that are in order, so that nothing but the right to do it decides; what is left out is sent as {}.
BODIES: dict[tuple[str, str], Callable[[Any, str], dict[str, Any]]] = {
    ("session", "POST"): lambda at, who: {
        "username": "the-viewer" if who == "nobody" else f"the-{who.replace('site_', 'site-')}",
        "password": PASSWORD,
    },
    ("session_password", "POST"): lambda at, who: {
        "current_password": PASSWORD, "new_password": "another correct horse"
    },
    ("me", "PATCH"): lambda at, who: {"display_name": "Somebody"},
    ("tokens", "POST"): lambda at, who: {"name": "another"},
    ("users", "POST"): lambda at, who: {"username": "newcomer"},
    ("user", "PATCH"): lambda at, who: {"display_name": "Renamed"},
    ("dataset-list", "POST"): lambda at, who: {"name": "A new dataset"},
    ("dataset-detail", "PATCH"): lambda at, who: {"description": "Changed"},
    ("upload-list", "POST"): lambda at, who: {"name": "a.png", "size": 1},
    ("import-list", "POST"): lambda at, who: {
        "uploads": [str(at.uploads[who].whole.pk) if who in at.uploads else _key()]
    },
    ("project-list", "POST"): lambda at, who: {"dataset": at.dataset.slug, "name": "A new project"},
    ("project-detail", "PATCH"): lambda at, who: {"description": "Changed"},
    ("member-list", "POST"): lambda at, who: {"username": at.member.username, "role": "reviewer"},
    ("schema", "PUT"): lambda at, who: SPEC,
    ("annotation", "POST"): lambda at, who: {
        "base_version": 0, "key": _key(), "content": {"answers": {"finding": "none"}}
    },
    ("submit", "POST"): lambda at, who: {"base_version": 0, "key": _key()},
    ("skip", "POST"): lambda at, who: {"reason": "unsure"},
    ("models-compare", "GET"): lambda at, who: {"a": at.models[0].pk, "b": at.models[1].pk},
    ("learning", "PATCH"): lambda at, who: {"auto_every": 5},
}  # fmt: skip


def bytes_of(name: str, method: str) -> io.BytesIO | None:
    """The body of the one request that is no JSON."""
    return io.BytesIO(b"1234") if (name, method) == ("upload-detail", "PATCH") else None
