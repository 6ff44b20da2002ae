"""Background work. Nothing here imports torch before a job runs."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from fovea.jobs.registry import job_kind
from fovea.jobs.run import JobRun


@job_kind("train", queue="learning")
def train(run: JobRun) -> dict[str, Any]:
    """Train a model and register it."""
    from fovea.learning.services.training import train_run

    return train_run(run)


@job_kind("score", queue="learning")
def score(run: JobRun) -> dict[str, Any]:
    """Score the pool, rank it, pre-fill its front."""
    from fovea.learning.services.scoring import score_run

    return score_run(run)


@job_kind("rank", queue="learning")
def rank(run: JobRun) -> dict[str, Any]:
    """Rank again, pre-fill the front."""
    from fovea.learning.services.scoring import rank_run

    return rank_run(run)


@shared_task(name="learning.retrain_when_due")
def retrain_when_due() -> None:
    """Start the runs that new labels or the clock ask for."""
    from fovea.learning.services.schedule import retrain_due

    retrain_due()
