"""Reading jobs: only those that the reader may see."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from fovea.accounts.access import Actor, scopes_allowing
from fovea.core.errors import NotFound
from fovea.jobs.models import Job, JobLog, JobState, WorkerBeat

LIVE = (JobState.QUEUED, JobState.RUNNING)


def jobs_visible(actor: Actor, *, state: str = "", kind: str = "", scope: str = "") -> QuerySet[Job]:
    """Jobs that the actor may see (made by them, or about what they may see jobs of), narrowed by the filters."""
    rows = Job.objects.select_related("created_by")
    allowed = scopes_allowing(actor, "job.view")
    if allowed is not None:
        rows = rows.filter(Q(created_by_id=actor.pk) | Q(scope__in=[str(one) for one in allowed]))
    wanted = {"state": state, "kind": kind, "scope": scope}
    return rows.filter(**{name: value for name, value in wanted.items() if value})


def job_get(actor: Actor, job_id: UUID | str) -> Job:
    """One job. Raises NotFound when there is none of that id that the actor may see."""
    job = jobs_visible(actor).filter(pk=job_id).first()
    if job is None:
        raise NotFound("There is no such job, or it is not for you to see.")
    return job


def job_log(job: Job, after: int = 0) -> QuerySet[JobLog]:
    """The job's log lines after the one of id `after`, oldest first."""
    return JobLog.objects.filter(job=job, id__gt=after).order_by("id")


def live_jobs(user_id: int) -> int:
    """How many of the person's jobs are queued or running."""
    return Job.objects.filter(created_by_id=user_id, state__in=LIVE).count()


def workers() -> list[tuple[str, list[str], datetime, datetime]]:
    """(name, queues, last beat, database's now) of every worker that is known."""
    rows = WorkerBeat.objects.annotate(now=Now()).values_list("name", "queues", "at", "now")
    return [(name, queues.split(","), at, now) for name, queues, at, now in rows]
