"""Jobs over the brokers that the machine runs. `.ci/run` names those that answer; others are left out."""

from __future__ import annotations

import dataclasses
import os
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from celery import Celery

from fovea.jobs import registry, sender
from tests.fovea.jobs.conftest import notes, reach, start  # noqa: F401 - fixtures
from tests.services.brokers import NAMED, Broker
from tests.workers import Worker, start_worker

KINDS = ("tests.fovea.jobs.kinds",)


@pytest.fixture(scope="module", params=NAMED)
def broker(request: pytest.FixtureRequest, django_db_setup: None) -> Iterator[Broker]:
    """The jobs of the tests' kinds go over that broker, through a queue of their own."""
    url = os.environ[request.param]
    where = urlsplit(url)
    try:
        socket.create_connection((where.hostname or "", where.port or 0), 2).close()
    except OSError as error:
        pytest.skip(f"{request.param}: nothing answers there ({type(error).__name__})")
    one = Broker(url)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CELERY_BROKER_URL", raising=False)  # Celery would take it before what is set below
        patch.setattr(sender, "current_app", _publisher(one.url(one.web)))
        registry.kind_of("test.echo")
        for name, kind in list(registry._kinds.items()):
            if name.startswith("test."):
                patch.setitem(registry._kinds, name, dataclasses.replace(kind, queue=one.queue))
        yield one
        sender.current_app.pool.force_close_all()
    one.close()


def _publisher(url: str) -> Celery:
    """What a web process sends with, on another broker than this process began with."""
    app = Celery("fovea", set_as_current=False)
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.conf.update(broker_url=url, broker_transport_options={})
    return app


@pytest.fixture(scope="module")
def shared(broker: Broker) -> Iterator[Worker]:
    """One worker for the tests that leave it alive."""
    one = start_worker(broker.queue, KINDS, CELERY_BROKER_URL=broker.url(broker.workers))
    yield one
    one.kill()
