"""Starting, cancelling and retrying: on the row, without a worker."""

import pytest
from django.db import connection

from fovea.accounts.access import SITE
from fovea.audit.selectors import events_of
from fovea.core.errors import Conflict, Forbidden, TooMany
from fovea.jobs import services
from fovea.jobs.models import Job
from tests.factories import JobFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_job_done_inline_has_its_result_and_log(start, run_job):
    job = run_job(start("echo", say="hi"))
    assert (job.state, job.result, job.progress, job.attempts) == ("succeeded", {"said": "hi"}, 1.0, 1)
    assert [line.message for line in job.log.all()] == ["working"]
    assert job.finished_at >= job.started_at >= job.created_at
    assert job.lease_expires_at is None


def test_starting_and_cancelling_are_in_the_audit(start, site_admin):
    job = start("echo")
    services.job_cancel(actor=site_admin, job=job)
    assert [event.action for event in events_of(job.pk)] == ["job.cancel", "job.start"]


def test_an_unknown_kind_is_refused_when_started(start):
    with pytest.raises(KeyError):
        start("no-such")


def test_a_job_whose_kind_is_gone_fails_and_says_so(run_job):
    job = run_job(JobFactory(kind="of-an-app-removed"))
    assert (job.state, job.error["code"]) == ("failed", "unknown_kind")


def test_one_live_job_per_dedupe_key(site_admin, run_job):
    def again() -> Job:
        return services.job_start(
            actor=site_admin, kind="test.echo", title="t", scope=SITE, payload={}, dedupe_key="p7"
        )

    first = again()
    assert again().pk == first.pk
    run_job(first)
    assert again().pk != first.pk


def test_too_many_waiting_jobs_of_one_person_are_refused(start, monkeypatch):
    monkeypatch.setattr(services, "MAX_LIVE_JOBS_PER_PERSON", 2)
    start("echo")
    start("echo")
    with pytest.raises(TooMany):
        start("echo")


def test_a_failure_shows_only_messages_that_were_written_for_readers(start, run_job):
    secret = run_job(start("fails", how="secret"))
    assert (secret.state, secret.error["code"]) == ("failed", "internal")
    assert "Doe" not in str(secret.error)
    known = run_job(start("fails", how="invalid"))
    assert known.error == {"code": "no_pixels", "message": "The file has no pixels."}
    assert run_job(start("fails", how="memory")).error["code"] == "out_of_memory"
    assert run_job(start("fails", how="ml")).error == {
        "code": "no_pixels",
        "message": "The file holds no image.",
    }


def test_a_database_that_goes_away_is_no_failure_until_it_did_so_three_times(start, run_job):
    job = start("fails", how="database")
    for attempt in (1, 2):
        job = run_job(job)
        assert (job.state, job.attempts) == ("queued", attempt)
    assert run_job(job).error["code"] == "unavailable"


def test_a_waiting_job_is_cancelled_at_once_and_never_runs(start, run_job, site_admin):
    job = services.job_cancel(actor=site_admin, job=start("echo"))
    assert job.state == "cancelled"
    assert run_job(job).state == "cancelled"
    with pytest.raises(Conflict) as refusal:
        services.job_cancel(actor=site_admin, job=job)
    assert refusal.value.error_code == "job_over"


def test_a_failed_job_can_be_retried_and_a_done_one_not(start, run_job, site_admin):
    job = run_job(start("fails", how="invalid"))
    again = services.job_retry(actor=site_admin, job=job)
    assert (again.state, again.error, again.attempts) == ("queued", None, 0)
    done = run_job(start("echo"))
    with pytest.raises(Conflict):
        services.job_retry(actor=site_admin, job=done)


def test_others_may_not_take_a_job_in_hand(start):
    with pytest.raises(Forbidden):
        services.job_cancel(actor=UserFactory(), job=start("echo"))


def test_who_started_a_job_may_cancel_it(people):
    job = services.job_start(
        actor=people.radiologist, kind="test.echo", title="t", scope=people.project.scope, payload={}
    )
    assert services.job_cancel(actor=people.radiologist, job=job).state == "cancelled"


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_loses_no_job(start, monkeypatch):
    from celery import current_app

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(current_app, "send_task", refuse)
    job = start("echo")
    assert Job.objects.get(pk=job.pk).state == "queued"


def test_nothing_is_sent_when_the_transaction_rolls_back(start, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        start("echo")
    assert len(callbacks) == 1  # sent on commit only
    assert connection.in_atomic_block
