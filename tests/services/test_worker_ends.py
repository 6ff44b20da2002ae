"""A worker on Redis or RabbitMQ that dies in the midst of a job."""

from __future__ import annotations

import pytest

from tests.services.brokers import Broker, skip_without_any
from tests.services.conftest import KINDS
from tests.workers import until

skip_without_any()
pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_a_killed_worker_s_job_goes_on_in_the_next(broker: Broker, worker, start, reach, notes):
    address = broker.url(broker.workers)
    first = worker(broker.queue, KINDS, CELERY_BROKER_URL=address)
    job = start("slow", file=str(notes.path), steps=20)
    until(lambda: notes.words == ["start"], "the job runs")
    first.kill()
    worker(broker.queue, KINDS, CELERY_BROKER_URL=address)
    reach(job, "succeeded")
    assert notes.words == ["start", "start", "effect"]
