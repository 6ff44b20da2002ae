"""Who holds a job. Each function here is one statement or one short transaction on the job's row, in database time.

A run holds a job by its fencing number: every write names it and does nothing once a later run (or the sweeper, or a cancel)
has raised it. All times are PostgreSQL's `now()`, so that a worker whose clock is wrong does no harm.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from fovea.jobs.models import Job, JobState

LEASE = timedelta(seconds=40)
HEARTBEAT_SECONDS = 10.0
MAX_ATTEMPTS = 3

_OVER: dict[str, Any] = {"lease_expires_at": None, "finished_at": Now()}


def claim(job_id: UUID | str, worker: str) -> Job | None:
    """Take a queued job for `worker`. None when it is not to be had: done, cancelled, or another run's.

    One conditional UPDATE, so that of two deliveries of one message one gets nothing.
    """
    with transaction.atomic():
        taken = Job.objects.filter(pk=job_id, state=JobState.QUEUED, cancel_requested=False).update(
            state=JobState.RUNNING,
            fence=F("fence") + 1,
            attempts=F("attempts") + 1,
            worker=worker,
            lease_expires_at=Now() + LEASE,
            started_at=Now(),
            updated_at=Now(),
            stage="",
            progress=0.0,
        )
        return Job.objects.select_related("created_by").get(pk=job_id) if taken else None


def holds(job_id: UUID, fence: int) -> tuple[bool, bool]:
    """(this run still holds the job, somebody asked to cancel it)."""
    row = Job.objects.filter(pk=job_id, fence=fence, state=JobState.RUNNING).values_list("cancel_requested")
    found = row.first()
    return (True, found[0]) if found else (False, False)


def keep(job_id: UUID, fence: int, **changes: Any) -> bool:
    """Extend the lease and write what changed (progress, stage). False when the job is no longer this run's."""
    return bool(_held(job_id, fence).update(lease_expires_at=Now() + LEASE, updated_at=Now(), **changes))


def add_lines(job_id: UUID, fence: int, lines: list[tuple[str, str]]) -> bool:
    """Append (level, message) lines to the log, if the job is still this run's."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO jobs_joblog (job_id, at, level, message) SELECT id, now(), %s, %s FROM jobs_job "
            "WHERE id = %s AND fence = %s AND state = 'running'",
            [(level, message, job_id, fence) for level, message in lines],
        )
        return cursor.rowcount > 0


def succeed(job_id: UUID, fence: int, result: dict[str, Any]) -> bool:
    """The job is done, with this result. False when it is no longer this run's."""
    return bool(
        _held(job_id, fence).update(
            state=JobState.SUCCEEDED, result=result, progress=1.0, error=None, updated_at=Now(), **_OVER
        )
    )


def fail(job_id: UUID, fence: int, code: str, message: str) -> bool:
    """The job cannot be done. False when it is no longer this run's."""
    return bool(
        _held(job_id, fence).update(
            state=JobState.FAILED, error={"code": code, "message": message}, updated_at=Now(), **_OVER
        )
    )


def cancelled(job_id: UUID, fence: int) -> bool:
    """The run stopped because it was asked to."""
    return bool(_held(job_id, fence).update(state=JobState.CANCELLED, updated_at=Now(), **_OVER))


def give_back(job_id: UUID, fence: int, *, blame: bool) -> bool:
    """Put a running job back into the queue; the caller, or else the next sweep, sends it. Without `blame` the attempt does
    not count (a worker that shuts down)."""
    return bool(
        _held(job_id, fence).update(
            state=JobState.QUEUED,
            fence=F("fence") + 1,
            attempts=F("attempts") - (0 if blame else 1),
            lease_expires_at=None,
            sent_at=None,
            sends=0,
            worker="",
            updated_at=Now(),
        )
    )


def _held(job_id: UUID, fence: int) -> Any:
    return Job.objects.filter(pk=job_id, fence=fence, state=JobState.RUNNING)
