"""Messages that went missing are sent again, without flooding the broker."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from fovea.jobs import place, sweeper
from fovea.jobs.models import Job, WorkerBeat
from tests.factories import JobFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch, django_capture_on_commit_callbacks):
    """`sent()` sweeps and gives the ids that were sent."""

    def sweep() -> list:
        ids: list = []
        monkeypatch.setattr(sweeper, "send", lambda job_id, queue: ids.append(job_id))
        with django_capture_on_commit_callbacks(execute=True):
            sweeper.sweep()
        return ids

    return sweep


def age(job: Job, **seconds: float) -> None:
    Job.objects.filter(pk=job.pk).update(
        **{name: Now() - timedelta(seconds=value) for name, value in seconds.items()}
    )


def test_a_job_that_was_never_sent_is_sent_after_half_a_minute(sent):
    job = JobFactory()
    assert sent() == []
    age(job, created_at=31)
    assert sent() == [job.pk]
    assert sent() == []  # it has just been


def test_each_sending_waits_twice_as_long_as_the_one_before(sent):
    job = JobFactory(sends=3)
    age(job, sent_at=119, created_at=1000)
    assert sent() == []
    age(job, sent_at=121)
    assert sent() == [job.pk]
    job.refresh_from_db()
    assert job.sends == 4
    Job.objects.filter(pk=job.pk).update(sends=500)
    age(job, sent_at=901)
    assert sent() == [job.pk]


def test_jobs_of_dead_processes_of_this_machine_are_requeued_without_waiting(sent, monkeypatch):
    alive = JobFactory(state="running", worker=place.this_process(), attempts=1)
    dead = JobFactory(state="running", worker=f"{place.machine()}/4194305/1.00", attempts=1)
    elsewhere = JobFactory(state="running", worker="another-machine/1/1.00", attempts=1)
    sweeper.reap()
    states = {job.pk: job.state for job in Job.objects.all()}
    assert states == {alive.pk: "running", dead.pk: "queued", elsewhere.pk: "running"}


def test_a_process_number_in_use_again_is_another_process():
    own = place.this_process()
    assert not place.is_dead(own)
    assert place.is_dead(own.rsplit("/", 1)[0] + "/1.00")
    assert not place.is_dead("garbage")


def test_workers_unheard_of_for_a_day_are_forgotten(sent):
    WorkerBeat.objects.create(name="old", queues="default", at=Now() - timedelta(days=2))
    WorkerBeat.objects.create(name="new", queues="default", at=Now())
    sent()
    assert list(WorkerBeat.objects.values_list("name", flat=True)) == ["new"]
