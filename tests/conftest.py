"""Fixtures that every test may use. The data folder and the database come from tests/plugin.py."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from tests.chromium import chromium  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from fovea.accounts.models import User
    from fovea.jobs.models import Job
    from tests.workers import Worker

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real image packs (FOVEA_TEST_DATA). Skips where there is none; under CI that is a failure."""
    folder = Path(os.environ.get("FOVEA_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        message = f"no real image packs at {folder}: set FOVEA_TEST_DATA"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return folder


@pytest.fixture(scope="session")
def blob_root(django_db_setup: None) -> Path:
    """Where blobs of this run lie: below a FOVEA_HOME that nothing else uses."""
    from django.conf import settings

    settings.BLOB_ROOT.mkdir(parents=True, exist_ok=True)
    return settings.BLOB_ROOT


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """pytest-django's, and the broker with it: messages go to queues in the test database, never to another one's."""
    from celery import current_app
    from django.conf import settings
    from django.db import connection

    from fovea.embedded.broker import ensure_queues
    from tests.workers import database_url

    current_app.conf.beat_schedule = {}
    if settings.CELERY_BROKER_URL.startswith("pgmq:"):
        url = database_url(connection.settings_dict)
        ensure_queues(url)
        current_app.conf.broker_transport_options = {
            **current_app.conf.broker_transport_options,
            "conn_string": url,
        }
    yield
    current_app.pool.force_close_all()
    current_app.amqp.producer_pool.force_close_all()


@pytest.fixture
def site_admin(db: None) -> User:
    """A person who may do everything."""
    from tests.factories import UserFactory

    return UserFactory(username="site-admin", is_superuser=True, is_staff=True)


@pytest.fixture
def people(db: None) -> SimpleNamespace:
    """A project and one person per role in it, by the role's name: `people.radiologist`; also `people.project`,
    `people.dataset`, `people.outsider` (no role anywhere), `people.site_admin` and `people.by_role` (dict)."""
    from fovea.accounts.permissions import Role
    from tests.factories import MembershipFactory, ProjectFactory, UserFactory

    project = ProjectFactory()
    by_role = {role.value: UserFactory(username=f"person-{role.value}") for role in Role}
    for role, user in by_role.items():
        MembershipFactory(project=project, user=user, role=role)
    return SimpleNamespace(
        **by_role,
        by_role=by_role,
        project=project,
        dataset=project.dataset,
        outsider=UserFactory(username="person-outsider"),
        site_admin=UserFactory(username="person-site-admin", is_superuser=True, is_staff=True),
    )


@pytest.fixture
def api() -> Callable[..., APIClient]:
    """`api(user)` is a REST client signed in as that person; `api()` one that is nobody. Errors come back as answers."""
    from rest_framework.test import APIClient

    def client(user: User | None = None, **options: object) -> APIClient:
        made = APIClient(raise_request_exception=False, **options)
        if user is not None:
            made.force_login(user)
        return made

    return client


@pytest.fixture
def run_job() -> Callable[[Job], Job]:
    """`run_job(job)` does a queued job's work here and now, in this process and transaction, and returns the row."""
    from fovea.jobs.services import job_run_inline

    return job_run_inline


@pytest.fixture
def worker(transactional_db: None) -> Iterator[Callable[..., Worker]]:
    """`worker(queues="default", modules=())` starts a real Celery worker process on the test database.

    Only for transactional tests. It is stopped at the end of the test.
    """
    from tests.workers import start_worker

    started: list[Worker] = []

    def start(queues: str = "default", modules: tuple[str, ...] = (), **options: object) -> Worker:
        started.append(start_worker(queues, modules, **options))
        return started[-1]

    yield start
    for one in started:
        one.stop()
