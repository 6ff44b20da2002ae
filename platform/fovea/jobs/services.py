"""Starting, cancelling and retrying jobs. The only door to Celery."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from fovea.accounts.access import Actor, Scope, may
from fovea.audit.services import event_record
from fovea.core.errors import Conflict, Forbidden, TooMany
from fovea.jobs import lease, runner, selectors
from fovea.jobs.models import CHANNEL, Job, JobState
from fovea.jobs.registry import kind_of
from fovea.jobs.run import JobRun
from fovea.jobs.sender import send

MAX_LIVE_JOBS_PER_PERSON = 200


def job_start(
    *,
    actor: Actor | None,
    kind: str,
    title: str,
    scope: Scope,
    payload: dict[str, Any],
    dedupe_key: str = "",
) -> Job:
    """Put a job into its queue, when the caller's transaction commits.

    The caller has checked that the actor may (each kind is another action); `actor` None is the system itself. While a job
    of the kind with the same `dedupe_key` is queued or running, that one is returned and no other is made.
    `payload` is JSON: ids and options, no patient data. Raises TooMany when the person has too many jobs waiting,
    KeyError on a kind that no app registers.
    """
    card = kind_of(kind)
    if dedupe_key and (live := _live(kind, dedupe_key)):
        return live
    person = actor.pk if actor is not None else None
    if person and selectors.live_jobs(person) >= MAX_LIVE_JOBS_PER_PERSON:
        raise TooMany("You have too many jobs waiting; let some finish or cancel them first.")
    try:
        with transaction.atomic():
            job = Job.objects.create(
                kind=kind,
                queue=card.queue,
                title=title[:200],
                scope=str(scope),
                payload=payload,
                dedupe_key=dedupe_key,
                created_by_id=person,
            )
            Job.objects.filter(pk=job.pk).update(sent_at=Now(), sends=1)
            event_record(actor=actor, action="job.start", scope=scope, target=job.pk, kind=kind)
            transaction.on_commit(partial(send, job.pk, job.queue), robust=True)
    except IntegrityError:
        if dedupe_key and (live := _live(kind, dedupe_key)):
            return live  # somebody started it between our look and our insert
        raise
    return job


def job_cancel(*, actor: Actor, job: Job) -> Job:
    """Stop a job: at once when it waits, within a second or two when it runs. Raises Conflict when it is over."""
    require_control(actor, job)
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=job.pk)
        if job.state == JobState.QUEUED:
            Job.objects.filter(pk=job.pk).update(
                state=JobState.CANCELLED, cancel_requested=True, finished_at=Now(), updated_at=Now()
            )
        elif job.state == JobState.RUNNING:
            Job.objects.filter(pk=job.pk).update(cancel_requested=True, updated_at=Now())
        else:
            raise Conflict("The job is over; there is nothing to cancel.", code="job_over", state=job.state)
        event_record(actor=actor, action="job.cancel", scope=scope_of(job), target=job.pk)
    job.refresh_from_db()
    return job


def job_retry(*, actor: Actor, job: Job) -> Job:
    """Queue a failed or cancelled job again, with its attempts counted anew. Raises Conflict in any other state."""
    require_control(actor, job)
    try:
        with transaction.atomic():
            again = Job.objects.filter(pk=job.pk, state__in=[JobState.FAILED, JobState.CANCELLED]).update(
                state=JobState.QUEUED,
                fence=F("fence") + 1,
                attempts=0,
                cancel_requested=False,
                error=None,
                progress=0.0,
                stage="",
                finished_at=None,
                sent_at=Now(),
                sends=1,
                updated_at=Now(),
            )
            if not again:
                raise Conflict("Only a failed or cancelled job can be retried.", code="job_not_over")
            event_record(actor=actor, action="job.retry", scope=scope_of(job), target=job.pk)
            transaction.on_commit(partial(send, job.pk, job.queue), robust=True)
    except IntegrityError:
        raise Conflict("The same work is already queued or running.", code="job_doubled") from None
    job.refresh_from_db()
    return job


def job_run_inline(job: Job) -> Job:
    """Do a queued job here and now (commands, tests), without thread or broker. Returns the row as it is afterwards.

    Does nothing when the job is not queued. Errors of the work are on the row, as with a worker.
    """
    claimed = lease.claim(job.pk, "inline")
    if claimed is not None:
        runner.persist(runner.work(JobRun(claimed, inline=True), claimed))
    job.refresh_from_db()
    return job


def event_send(*, type: str, scope: Scope, **fields: Any) -> None:
    """Tell everybody who may see the scope's jobs, when the transaction commits: `/api/v1/events/` carries
    `{"type": type, "scope": "project:7", **fields}`. Ids and numbers only, a few kilobytes at most."""
    payload = json.dumps({**fields, "type": type, "scope": str(scope)}, cls=DjangoJSONEncoder)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])


def may_control(actor: Actor, job: Job) -> bool:
    """Whether the actor may cancel and retry the job: who started it, and those whose role allows it."""
    return bool(actor.pk) and (job.created_by_id == actor.pk or may(actor, "job.control", scope_of(job)))


def require_control(actor: Actor, job: Job) -> None:
    """Raise Forbidden unless the actor may cancel and retry the job."""
    if not may_control(actor, job):
        raise Forbidden("Your role in this project does not allow that; ask one of its admins.")


def scope_of(job: Job) -> Scope:
    """The thing that the job is about."""
    kind, _, number = job.scope.partition(":")
    return Scope(kind, int(number or 0))


def _live(kind: str, dedupe_key: str) -> Job | None:
    return Job.objects.filter(
        kind=kind, dedupe_key=dedupe_key, state__in=[JobState.QUEUED, JobState.RUNNING]
    ).first()
