"""Training runs: started by a button, by new labels or by the clock; one per project at a time."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.db.models.functions import Now

from annotations.selectors import schema_current
from fovea.accounts.access import Actor, require
from fovea.audit.services import event_record
from fovea.core.errors import Conflict
from fovea.datasets.models import Project
from fovea.jobs.models import Job, JobState
from fovea.jobs.services import job_cancel, job_start
from fovea.learning.models import Run
from fovea.learning.services.readiness import require_labels
from fovea.learning.services.recipe import recipe_check
from fovea.learning.services.settings import recipe_options, settings_of

LIVE = ("queued", "running")
_OVER = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


def run_start(
    *, actor: Actor, project: Project, trigger: str = "button", config: dict[str, Any] | None = None
) -> Run:
    """Start a training run. `config` overrides the settings' recipe (architecture, preset, steps, size …).

    Raises Conflict (`no_schema`, `too_few_labels` with what is missing, `run_live`), Invalid, NotFound or Forbidden.
    """
    require(actor, "run.start", project.scope)
    return run_queue(actor=actor, project=project, trigger=trigger, config=config)


@transaction.atomic
def run_queue(
    *, actor: Actor | None, project: Project, trigger: str, config: dict[str, Any] | None = None
) -> Run:
    """`run_start` without the permission check: for the scheduler, whose actor is None."""
    runs_settle(project.pk)
    schema = schema_current(project)
    if schema is None:
        raise Conflict("The project asks nothing yet: set its label schema first.", code="no_schema")
    labelled = require_labels(project, schema.spec)
    recipe = recipe_check({**recipe_options(settings_of(project)), **(config or {})}, schema.spec)
    number = (Run.objects.filter(project=project).aggregate(last=Max("number"))["last"] or 0) + 1
    try:
        with transaction.atomic():
            run = Run.objects.create(
                project=project,
                number=number,
                config={"asked": recipe, "schema": schema.number},
                labelled=labelled,
                trigger=trigger,
                created_by_id=actor.pk if actor else None,
            )
    except IntegrityError:
        live = Run.objects.filter(project=project, state__in=LIVE).first()
        raise Conflict(
            "A run of this project is going on; wait for it, or cancel it first.",
            code="run_live",
            run=live.pk if live else None,
        ) from None
    job = job_start(
        actor=actor,
        kind="train",
        title=f"Train model {number} of {project.name}",
        scope=project.scope,
        payload={"run": run.pk},
    )
    Run.objects.filter(pk=run.pk).update(job_id=job.pk)
    run.job_id = job.pk
    event_record(
        actor=actor, action="run.start", scope=project.scope, target=f"run:{run.pk}", trigger=trigger
    )
    return run


def run_cancel(*, actor: Actor, run: Run) -> Run:
    """Stop a run: at once while it is queued, within seconds while it trains. Raises Conflict when it is over."""
    require(actor, "run.cancel", run.project.scope)
    runs_settle(run.project_id)
    job = Job.objects.filter(pk=run.job_id).first() if run.job_id else None
    if job is None:
        raise Conflict("The run has no job; there is nothing to cancel.", code="run_over")
    job_cancel(actor=actor, job=job)
    runs_settle(run.project_id)
    run.refresh_from_db()
    return run


def runs_settle(project_id: int | None = None) -> None:
    """Give runs whose job ended elsewhere (cancelled while queued, given up after dead workers) its end."""
    live = Run.objects.filter(state__in=LIVE, job_id__isnull=False)
    if project_id is not None:
        live = live.filter(project_id=project_id)
    jobs = Job.objects.filter(pk__in=live.values("job_id"), state__in=_OVER)
    for job in jobs:
        Run.objects.filter(job_id=job.pk, state__in=LIVE).update(
            state=job.state, error=job.error, finished_at=job.finished_at
        )


def run_began(run: Run) -> None:
    """The worker has taken the run up. Raises Conflict when another run of the project is live (a retried job)."""
    try:
        with transaction.atomic():
            Run.objects.filter(pk=run.pk).update(
                state="running", error=None, finished_at=None, started_at=Now()
            )
    except IntegrityError:
        raise Conflict("Another run of the project is going on.", code="run_live") from None
