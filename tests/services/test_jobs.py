"""Jobs over Redis and RabbitMQ: what is lost still runs, what comes twice runs once, what is cut off comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from fovea.jobs import sweeper
from fovea.jobs.models import Job
from fovea.jobs.sender import send
from tests.services.brokers import Broker, skip_without_any
from tests.workers import until

skip_without_any()
pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def sweep_as_after_a_minute(job: Job) -> None:
    """The sweep, at a time when the job's message should have come long ago."""
    Job.objects.filter(pk=job.pk).update(sent_at=Now() - timedelta(minutes=1))
    sweeper.sweep()


def test_a_job_runs(shared, start, reach):
    assert reach(start("echo", say="hi"), "succeeded").result == {"said": "hi"}


def test_a_message_sent_three_times_has_one_effect(shared, start, reach, notes):
    job = start("slow", file=str(notes.path), steps=5)
    assert send(job.pk, job.queue)
    assert send(job.pk, job.queue)
    reach(job, "succeeded")
    reach(start("echo"), "succeeded")  # whatever was sent before this one has been read
    assert notes.words == ["start", "effect"]
    assert job.attempts == 1


def test_a_job_whose_message_was_lost_runs_after_the_sweep(broker: Broker, shared, start, reach):
    broker.workers.cut()
    lost = start("echo", say="late")
    until(broker.lose_messages, "the message is in the broker")
    broker.workers.mend()
    reach(start("echo"), "succeeded")
    lost.refresh_from_db()
    assert lost.state == "queued"
    sweep_as_after_a_minute(lost)
    assert reach(lost, "succeeded").result == {"said": "late"}


def test_a_job_survives_its_worker_s_line_to_the_broker(broker: Broker, shared, start, reach, notes):
    job = start("slow", file=str(notes.path), steps=20)
    until(lambda: notes.words == ["start"], "the job runs")
    broker.workers.cut()
    broker.workers.mend()
    reach(job, "succeeded")
    reach(start("echo"), "succeeded")  # also whatever the broker gave out a second time has been read
    assert notes.words == ["start", "effect"]


def test_a_job_started_while_the_broker_is_away_runs_when_it_is_back(broker: Broker, shared, start, reach):
    reach(start("echo"), "succeeded")  # a connection is open
    broker.web.cut()
    job = start("echo", say="patient")
    assert not send(job.pk, job.queue)
    assert job.state == "queued"
    broker.web.mend()
    sweep_as_after_a_minute(job)
    assert reach(job, "succeeded").result == {"said": "patient"}
