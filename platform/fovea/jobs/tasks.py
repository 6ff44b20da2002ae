"""The two Celery tasks there are."""

from __future__ import annotations

from celery import shared_task

from fovea.jobs import runner, sweeper
from fovea.jobs.place import this_process
from fovea.jobs.sender import TASK


@shared_task(name=TASK, ignore_result=True)
def run(job_id: str) -> None:
    """Do the job of that id, if it is to be had."""
    runner.execute(job_id, this_process())


@shared_task(name="jobs.sweep", ignore_result=True)
def sweep() -> None:
    """Put right what workers and broker lost (see fovea.jobs.sweeper)."""
    sweeper.sweep()
