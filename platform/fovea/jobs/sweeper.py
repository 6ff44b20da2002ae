"""What puts jobs right that a dead worker or a forgetful broker left behind.

Every worker process sweeps in a thread of its own, and beat sends a task besides; a lock lets one at a time through.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import DurationField, ExpressionWrapper, F, Q, Value
from django.db.models.functions import Least, Now, Power

from fovea.jobs import lease, place
from fovea.jobs.models import Job, JobState, WorkerBeat
from fovea.jobs.sender import send

logger = logging.getLogger(__name__)
SWEEP_SECONDS = 30
RESEND_AFTER = timedelta(seconds=30)
RESEND_AT_MOST_EVERY = timedelta(minutes=15)
FORGET_WORKERS_AFTER = timedelta(days=1)
_LOCK = 0x73776565  # "swee"
_GIVEN_UP = {
    "code": "worker_lost",
    "message": f"Its worker died {lease.MAX_ATTEMPTS} times while doing it, perhaps for want of memory; "
    "see the worker's log, then retry.",
}


def sweep() -> None:
    """Requeue or fail the jobs whose lease ran out, and send again what has waited too long for its message."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            if not cursor.fetchone()[0]:
                return  # another process is at it
        lost = Job.objects.filter(state=JobState.RUNNING, lease_expires_at__lt=Now())
        _requeue(list(lost.select_for_update(skip_locked=True)))
        _resend()
        WorkerBeat.objects.filter(at__lt=Now() - FORGET_WORKERS_AFTER).delete()


def reap() -> None:
    """Requeue at once the jobs of processes of this machine that are dead, without waiting for their leases."""
    running = Job.objects.filter(state=JobState.RUNNING, worker__startswith=f"{place.machine()}/")
    dead = [job.pk for job in running.only("pk", "worker") if place.is_dead(job.worker)]
    if not dead:
        return
    with transaction.atomic():
        rows = Job.objects.filter(pk__in=dead, state=JobState.RUNNING).select_for_update(skip_locked=True)
        _requeue([job for job in rows if place.is_dead(job.worker)])


def _requeue(jobs: list[Job]) -> None:
    """Take running jobs (their rows locked) from runs that are gone: back into the queue, or over when that was enough."""
    for job in jobs:
        changes: dict[str, Any] = {"fence": F("fence") + 1, "lease_expires_at": None, "updated_at": Now()}
        if job.cancel_requested:
            changes |= {"state": JobState.CANCELLED, "finished_at": Now()}
        elif job.attempts >= lease.MAX_ATTEMPTS:
            changes |= {"state": JobState.FAILED, "error": _GIVEN_UP, "finished_at": Now()}
        else:
            changes |= {"state": JobState.QUEUED, "worker": "", "sent_at": Now(), "sends": 1}
            transaction.on_commit(_sender(job), robust=True)
        logger.warning("job %s: its worker is gone (attempt %d)", job.pk, job.attempts)
        Job.objects.filter(pk=job.pk).update(**changes)


def _resend() -> None:
    """Send again what is queued and was last sent 30 s ago, then 60, 120, … so that a long queue is not flooded."""
    wait = ExpressionWrapper(
        Least(
            Value(RESEND_AFTER) * Power(Value(2.0), Least(F("sends"), 12) - 1.0), Value(RESEND_AT_MOST_EVERY)
        ),
        output_field=DurationField(),
    )
    waiting = Job.objects.filter(state=JobState.QUEUED).annotate(wait=wait)
    due = waiting.filter(
        Q(sent_at=None, created_at__lt=Now() - RESEND_AFTER) | Q(sent_at__lt=Now() - F("wait"))
    )
    for job in due.order_by("created_at").select_for_update(skip_locked=True)[:1000]:
        Job.objects.filter(pk=job.pk).update(sent_at=Now(), sends=F("sends") + 1)
        transaction.on_commit(_sender(job), robust=True)


def _sender(job: Job) -> Any:
    return lambda: send(job.pk, job.queue)
