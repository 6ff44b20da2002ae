"""Reading runs and their curves."""

from __future__ import annotations

from django.db.models import Case, CharField, F, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from fovea.accounts.access import Actor, require
from fovea.core.errors import NotFound
from fovea.datasets.models import Project
from fovea.jobs.models import Job, JobState
from fovea.learning.models import Run

_OVER = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


def runs_of(*, actor: Actor, project: Project) -> QuerySet[Run]:
    """A project's runs, newest first; paginate by key."""
    require(actor, "run.view", project.scope)
    return _runs().filter(project=project).order_by("-number")


def run_get(*, actor: Actor, run_id: int, action: str = "run.view") -> Run:
    """A run that the actor may do `action` to. Raises NotFound or Forbidden."""
    run = _runs().filter(pk=run_id).first()
    if run is None:
        raise NotFound("There is no such run, or it is not for you to see.")
    require(actor, action, run.project.scope)
    return run


def live_run(project_id: int) -> Run | None:
    """The run that is queued or going on, if any."""
    return _runs().filter(project_id=project_id, now__in=("queued", "running")).first()  # type: ignore[misc]


def _runs() -> QuerySet[Run]:
    """Runs with what their job says: `progress`, `stage`, and `now`, the state as it is.

    A job that was given up or cancelled in the queue ends its run at the next start; readers need not wait for that.
    """
    job = Job.objects.filter(pk=OuterRef("job_id"))
    return Run.objects.select_related("project", "created_by", "model").annotate(
        progress=Coalesce(Subquery(job.values("progress")[:1]), 0.0),
        stage=Coalesce(Subquery(job.values("stage")[:1]), Value("")),
        job_state=Subquery(job.values("state")[:1]),
        now=Case(
            When(state__in=("queued", "running"), job_state__in=_OVER, then=F("job_state")),
            default=F("state"),
            output_field=CharField(),
        ),
    )
