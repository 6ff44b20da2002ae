"""Real worker processes, killed as machines kill them. Waits are bounded; how long they took is not asserted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection

from fovea.jobs import services, sweeper
from fovea.jobs.models import Job, WorkerBeat
from fovea.jobs.sender import send
from tests.factories import JobFactory
from tests.workers import Worker, start_worker, until

KINDS = ("tests.fovea.jobs.kinds",)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture(scope="module")
def shared(django_db_setup: None) -> Iterator[Worker]:
    """One worker for the tests that leave it alive."""
    one = start_worker(modules=KINDS)
    yield one
    one.kill()


def test_a_worker_does_a_job_and_says_that_it_lives(shared, start, reach):
    job = reach(start("echo", say="hi"), "succeeded")
    assert job.result == {"said": "hi"}
    assert [line.message for line in job.log.all()] == ["working"]
    until(lambda: WorkerBeat.objects.filter(queues="default").exists(), "a beat")


def test_a_message_sent_three_times_has_one_effect(shared, start, reach, notes):
    job = start("slow", file=str(notes.path), steps=5)
    send(job.pk, "default")
    send(job.pk, "default")
    reach(job, "succeeded")
    reach(start("echo"), "succeeded")  # whatever was sent before this one has been read
    assert notes.words == ["start", "effect"]
    assert job.attempts == 1


def test_a_job_whose_message_was_lost_runs_after_the_sweep(shared, reach):
    lost = JobFactory()
    Job.objects.filter(pk=lost.pk).update(created_at="2020-01-01T00:00Z")
    sweeper.sweep()
    reach(lost, "succeeded")


def test_a_killed_pool_child_is_replaced_and_the_job_goes_on(shared, start, reach, notes):
    job = start("slow", file=str(notes.path), steps=10)
    until(lambda: notes.words == ["start"], "the job runs")
    shared.kill_child()
    reach(job, "succeeded")
    assert notes.words == ["start", "start", "effect"]
    assert job.attempts == 2


def test_a_running_job_stops_when_it_is_cancelled(shared, start, reach, notes, site_admin):
    job = start("slow", file=str(notes.path), steps=500)
    until(lambda: notes.words == ["start"], "the job runs")
    services.job_cancel(actor=site_admin, job=job)
    reach(job, "cancelled")
    assert notes.words == ["start"]


def test_a_run_whose_connections_are_cut_goes_on(shared, start, reach, notes):
    job = start("slow", file=str(notes.path), steps=30)
    until(lambda: notes.words == ["start"], "the job runs")
    with connection.cursor() as cursor:  # as when PostgreSQL restarts
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    reach(job, "succeeded")
    assert notes.words == ["start", "effect"]
