"""Who may write: the fencing number decides, in database time."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from fovea.jobs import lease, runner, sweeper
from fovea.jobs.models import Job
from fovea.jobs.run import JobCancelled, JobLost, JobRun
from tests.factories import JobFactory

pytestmark = pytest.mark.django_db


def expire(job: Job) -> None:
    """As if the run had been silent for longer than the lease."""
    Job.objects.filter(pk=job.pk).update(lease_expires_at=Now() - timedelta(seconds=1))


def test_a_doubled_message_claims_nothing():
    job = JobFactory()
    assert lease.claim(job.pk, "one").fence == 1
    assert lease.claim(job.pk, "two") is None
    assert lease.succeed(job.pk, 1, {})
    assert lease.claim(job.pk, "three") is None


def test_a_run_that_was_overtaken_can_write_nothing():
    job = JobFactory()
    old = lease.claim(job.pk, "old")
    run = JobRun(old, inline=True)
    run.progress(0.3, "going")
    expire(job)
    sweeper.sweep()
    new = lease.claim(job.pk, "new")
    assert new.fence > old.fence

    run.progress(0.9, "still going")
    run.log("I am still here")
    assert run.cancelled()
    with pytest.raises(JobLost):
        run.check()
    with pytest.raises(JobLost), run.guard():
        pytest.fail("the effect of an old run")
    with pytest.raises(JobLost):
        run.finish({"by": "old"})
    for write in (
        lease.keep(job.pk, old.fence, progress=0.9),
        lease.succeed(job.pk, old.fence, {"by": "old"}),
        lease.fail(job.pk, old.fence, "code", "message"),
        lease.cancelled(job.pk, old.fence),
        lease.give_back(job.pk, old.fence, blame=True),
    ):
        assert not write
    job.refresh_from_db()
    assert (job.state, job.progress, job.worker, job.log.count()) == ("running", 0.0, "new", 0)


def test_a_silent_run_goes_back_to_the_queue_and_fails_after_three():
    job = JobFactory()
    for _ in range(lease.MAX_ATTEMPTS):
        assert lease.claim(job.pk, "w") is not None
        expire(job)
        sweeper.sweep()
    job.refresh_from_db()
    assert (job.state, job.error["code"]) == ("failed", "worker_lost")


def test_a_lease_that_is_kept_is_left_alone():
    job = JobFactory()
    claimed = lease.claim(job.pk, "w")
    Job.objects.filter(pk=job.pk).update(lease_expires_at=Now() + timedelta(seconds=1))
    assert lease.keep(job.pk, claimed.fence)
    sweeper.sweep()
    job.refresh_from_db()
    assert job.state == "running"
    assert job.lease_expires_at - job.updated_at == lease.LEASE


def test_a_cancelled_job_of_a_dead_worker_is_cancelled_not_done_again():
    job = JobFactory()
    lease.claim(job.pk, "w")
    Job.objects.filter(pk=job.pk).update(cancel_requested=True)
    expire(job)
    sweeper.sweep()
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_a_cancelled_run_learns_it_and_its_effect_does_not_happen():
    job = JobFactory()
    run = JobRun(lease.claim(job.pk, "w"), inline=True)
    assert not run.cancelled()
    Job.objects.filter(pk=job.pk).update(cancel_requested=True)
    with pytest.raises(JobCancelled):
        run.check()
    with pytest.raises(JobCancelled), run.guard():
        pytest.fail("the effect of a cancelled run")


def test_effect_and_done_are_one_transaction():
    job = JobFactory()
    run = JobRun(lease.claim(job.pk, "w"), inline=True)
    with pytest.raises(ZeroDivisionError), run.guard():  # noqa: PT012
        JobFactory(title="the effect")
        run.finish({"made": 1})
        raise ZeroDivisionError
    job.refresh_from_db()
    assert job.state == "running"
    assert not Job.objects.filter(title="the effect").exists()


def test_giving_back_without_blame_counts_no_attempt():
    job = JobFactory()
    claimed = lease.claim(job.pk, "w")
    assert lease.give_back(job.pk, claimed.fence, blame=False)
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("queued", 0)


def test_progress_is_kept_between_nought_and_one_and_logs_are_bounded():
    job = JobFactory()
    run = JobRun(lease.claim(job.pk, "w"), inline=True)
    run.progress(7, "x" * 500)
    run.log("y" * 5000)
    job.refresh_from_db()
    assert (job.progress, len(job.stage), len(job.log.get().message)) == (1.0, 200, 4000)


def test_what_a_stopped_handler_leaves_is_settled_as_cancelled():
    job = JobFactory(kind="test.slow", payload={"steps": 3, "file": "/dev/null"})
    claimed = lease.claim(job.pk, "w")
    Job.objects.filter(pk=job.pk).update(cancel_requested=True)
    runner.persist(runner.work(JobRun(claimed, inline=True), claimed))
    job.refresh_from_db()
    assert job.state == "cancelled"
