"""Every page for every role: it renders, it says what is there, and it shows nobody what they may not see."""

from __future__ import annotations

from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from annotations.models import Item
from annotations.services import schema_set, version_save, version_submit
from fovea.datasets.models import Dataset, Import, ImportFile, Membership, Project
from fovea.jobs.models import JobLog
from fovea.learning.models import LearningSettings, Run, RunPoint, TrainedModel
from tests.factories import PASSWORD, InstanceFactory, JobFactory, SeriesFactory, StudyFactory, UserFactory

HOSTILE = "<script>alert(1)</script>"

METRICS = {
    "headline": {"name": "auroc", "value": 0.81, "low": 0.7, "high": 0.9},
    "items": 40,
    "patients": 38,
    "questions": {
        "finding": {
            "auroc": {"value": 0.81, "low": 0.7, "high": 0.9},
            "confusion": [[20, 3], [4, 13]],
            "options": ["none", "nodule"],
        }
    },
    "masks": {
        "mean_dice": {"value": 0.7},
        "classes": {"organ": {"dice": {"value": 0.7, "low": 0.6, "high": 0.8}}},
    },
    "worst": [{"id": "7", "score": 0.4, "reason": "finding: none at 58%, labelled nodule"}],
    "weights": {"source": "scratch", "reason": "no file was given"},
    "recipe": ["150 steps for 60 labels"],
}


@pytest.fixture
def full(people: SimpleNamespace, blob_root, django_capture_on_commit_callbacks) -> SimpleNamespace:
    """A project with a bit of everything: items, labels, two models, a run, jobs, an import with a bad file."""
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(3):
            series = SeriesFactory(
                dataset=people.dataset, study=StudyFactory(dataset=people.dataset), description=HOSTILE
            )
            InstanceFactory(series=series)
        spec = {
            "questions": [{"key": "finding", "text": HOSTILE, "options": ["none", "nodule"]}],
            "classes": ["organ"],
            "boxes": ["cell"],
        }
        schema_set(actor=people.data_scientist, project=people.project, spec=spec)
        item = Item.objects.filter(project=people.project).first()
        saved = version_save(
            actor=people.radiologist,
            item=item,
            base_version=0,
            key=uuid4(),
            content={"answers": {"finding": "none"}},
        )
        version_submit(actor=people.radiologist, item=item, base_version=saved.number, key=uuid4())
    for number, state in ((1, "retired"), (2, "production")):
        run = Run.objects.create(
            project=people.project, number=number, state="succeeded", labelled=30 * number
        )
        TrainedModel.objects.create(
            project=people.project, run=run, number=number, architecture="resnet18", folder="x", weights_sha256="0" * 64,
            metrics=METRICS, headline="auroc", headline_value=0.7 + number / 20, labelled=30 * number, state=state,
        )  # fmt: skip
    job = JobFactory(
        scope=str(people.project.scope), title=HOSTILE, created_by=people.data_scientist, state="running"
    )
    JobLog.objects.create(job=job, message=HOSTILE)
    live = Run.objects.create(project=people.project, number=3, state="running", job_id=job.pk)
    RunPoint.objects.bulk_create(RunPoint(run=live, step=s, values={"loss": 1 / s}) for s in range(1, 9))
    batch = Import.objects.create(
        dataset=people.dataset, project=people.project, counts={"stored": 3, "failed": 1}
    )
    ImportFile.objects.create(
        batch=batch, name=HOSTILE, status="failed", reason="unreadable", message="It cannot be read."
    )
    return SimpleNamespace(**vars(people), item=item, job=job, batch=batch, series=series)


def addresses(full: SimpleNamespace) -> dict[str, set[str]]:
    """Every page, and the roles that may see it (site admins always)."""
    slug, every = full.project.slug, set(full.by_role)
    science = {"admin", "data_scientist"}
    return {
        reverse("home"): every,
        reverse("account"): every,
        reverse("datasets"): every,
        reverse("jobs"): every,
        reverse("project_new"): every,
        reverse("dataset_new"): every,
        reverse("dataset", args=[full.dataset.slug]): every,
        reverse("series", args=[full.series.pk]): every,
        reverse("import", args=[full.batch.pk]): science,
        reverse("project", args=[slug]): every,
        reverse("project_queue", args=[slug]): every,
        reverse("project_items", args=[slug]): every,
        reverse("project_models", args=[slug]) + "?a=1&b=2": every,
        reverse("model", args=[slug, 2]): every,
        reverse("project_settings", args=[slug]): science,
        reverse("work", args=[slug]): {"admin", "reviewer", "radiologist"},
        reverse("item", args=[full.item.pk]): every,
        reverse("job", args=[full.job.pk]): every,
        reverse("people"): set(),
        reverse("health"): set(),
    }


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_every_page_renders_for_whom_it_is_for_and_refuses_the_others(full: SimpleNamespace) -> None:
    for address, roles in addresses(full).items():
        for role, user in full.by_role.items():
            answer = signed_in(user).get(address)
            expected = {200} if role in roles else {403, 404}
            assert answer.status_code in expected, (role, address, answer.status_code)
            assert HOSTILE not in answer.content.decode(), address
        assert signed_in(full.site_admin).get(address).status_code == 200, address


def test_an_outsider_sees_nothing_of_a_project(full: SimpleNamespace) -> None:
    client = signed_in(full.outsider)
    personal = {
        reverse(name) for name in ("home", "account", "datasets", "jobs", "project_new", "dataset_new")
    }
    for address in addresses(full):
        answer = client.get(address)
        assert answer.status_code == 200 if address in personal else answer.status_code in (403, 404), address
        text = answer.content.decode()
        assert full.project.name not in text, address
        assert full.dataset.name not in text, address


def test_a_stranger_is_sent_to_the_sign_in(full: SimpleNamespace) -> None:
    for address in addresses(full):
        answer = Client().get(address)
        assert answer.status_code == 302, address
        assert answer["Location"].startswith("/sign-in/?next="), address


def test_signing_in_goes_where_one_wanted_and_never_to_another_site(db) -> None:
    UserFactory(username="somebody")
    form = {"username": "somebody", "password": PASSWORD}
    assert Client().post("/sign-in/", {**form, "next": "/jobs/"})["Location"] == "/jobs/"
    assert Client().post("/sign-in/", {**form, "next": "https://elsewhere.example/"})["Location"] == "/"
    wrong = Client().post("/sign-in/", {**form, "password": "wrong"})
    assert wrong.status_code == 400 or wrong.status_code == 401
    assert "password" in wrong.content.decode().lower()


def test_forms_without_the_csrf_token_are_refused(full: SimpleNamespace) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(full.admin)
    assert client.post(reverse("project", args=[full.project.slug]), {"action": "retrain"}).status_code == 403


def test_a_project_is_made_by_the_form(full: SimpleNamespace) -> None:
    form = {
        "name": "New one",
        "dataset": full.dataset.slug,
        "unit": "image",
        "questions": "Good? | yes, no",
        "classes": "organ\nlesion",
    }
    answer = signed_in(full.data_scientist).post(reverse("project_new"), form)
    made = Project.objects.get(name="New one")
    assert answer["Location"] == reverse("project", args=[made.slug])
    assert [c["name"] for c in made.schemas.get().spec["classes"]] == ["organ", "lesion"]
    assert Item.objects.filter(project=made).count() == 3


@pytest.mark.parametrize(
    ("questions", "word"), [("", "Say what is to be labelled"), ("Good?", "question | answer")]
)
def test_a_form_that_is_not_right_says_what_to_do(full: SimpleNamespace, questions: str, word: str) -> None:
    form = {"name": "New one", "dataset": full.dataset.slug, "unit": "image", "questions": questions}
    answer = signed_in(full.data_scientist).post(reverse("project_new"), form, follow=True)
    assert word in answer.content.decode()
    assert not Project.objects.filter(name="New one").exists()


def test_settings_change_learning_task_and_people(full: SimpleNamespace) -> None:
    client, address = signed_in(full.admin), reverse("project_settings", args=[full.project.slug])
    client.post(
        address,
        {
            "action": "learning",
            "strategy": "entropy",
            "auto_every": "25",
            "every_hours": "",
            "architecture": "",
        },
    )
    settings = LearningSettings.objects.get(project=full.project)
    assert (settings.strategy, settings.auto_every, settings.auto_promote) == ("entropy", 25, False)
    client.post(address, {"action": "member", "username": full.outsider.username, "role": "viewer"})
    assert Membership.objects.get(project=full.project, user=full.outsider).role == "viewer"
    client.post(address, {"action": "member", "username": full.outsider.username, "role": ""})
    assert not Membership.objects.filter(project=full.project, user=full.outsider).exists()
    bad = client.post(address, {"action": "schema", "schema": "{"}, follow=True)
    assert "not JSON" in bad.content.decode()
    assert full.project.schemas.count() == 1
    too_many = client.post(
        address, {"action": "learning", "strategy": "clasp", "auto_every": "-3"}, follow=True
    )
    assert "whole number" in too_many.content.decode()


def test_a_dataset_is_made_by_the_form(full: SimpleNamespace) -> None:
    answer = signed_in(full.site_admin).post(reverse("dataset_new"), {"name": "Fresh", "description": ""})
    assert answer["Location"] == reverse("dataset", args=[Dataset.objects.get(name="Fresh").slug])
    assert signed_in(full.viewer).post(reverse("dataset_new"), {"name": "No"}, follow=True).status_code == 200
    assert not Dataset.objects.filter(name="No").exists()


def test_the_account_page_makes_and_ends_tokens(full: SimpleNamespace) -> None:
    client = signed_in(full.radiologist)
    shown = client.post(
        reverse("account"), {"action": "token", "name": "script", "scope": "read", "days": "90"}
    )
    token = full.radiologist.tokens.get()
    assert f"{token.prefix}" in shown.content.decode()
    assert "shown this once" in shown.content.decode()
    client.post(reverse("account"), {"action": "revoke", "token": token.pk})
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_people_are_made_and_switched_off_by_site_admins(full: SimpleNamespace) -> None:
    client = signed_in(full.site_admin)
    client.post(
        reverse("people"),
        {"action": "create", "username": "newcomer", "password": PASSWORD, "display_name": "New"},
    )
    assert Client().login(username="newcomer", password=PASSWORD)
    client.post(reverse("people"), {"action": "active", "username": "newcomer"})
    assert not Client().login(username="newcomer", password=PASSWORD)
