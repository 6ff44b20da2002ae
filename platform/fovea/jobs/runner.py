"""Doing one job: from the claim to exactly one of succeeded, failed, cancelled, or back in the queue."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from django.db import InterfaceError, OperationalError, connection

from fovea.core.errors import FoveaError, Unavailable
from fovea.jobs import lease
from fovea.jobs.models import Job
from fovea.jobs.registry import kind_of
from fovea.jobs.run import JobCancelled, JobLost, JobRun, Pulse
from fovea.jobs.sender import send

logger = logging.getLogger(__name__)


def execute(job_id: str, worker: str) -> None:
    """Claim the job and do it, with a thread that keeps its lease. Does nothing when it is not to be had."""
    job = lease.claim(job_id, worker)
    if job is None:
        logger.info("job %s: nothing to do, it is done, cancelled or another's", job_id)
        return
    logger.info("job %s: %s, attempt %d", job.pk, job.kind, job.attempts)
    run = JobRun(job)
    pulse = Pulse(run)
    pulse.start()
    try:
        settle = work(run, job)
    finally:
        pulse.stop()
    persist(settle)


def work(run: JobRun, job: Job) -> Callable[[], Any]:
    """Call the handler. Returns what to write down about how it went: one fenced statement, safe to repeat."""
    held = (job.pk, job.fence)
    try:
        result = kind_of(job.kind).handler(run)
    except JobCancelled:
        return lambda: lease.cancelled(*held)
    except JobLost:
        logger.warning("job %s: no longer ours, stopped", job.pk)
        return lambda: None
    except (OperationalError, InterfaceError, Unavailable):
        logger.exception("job %s: a part it needs does not answer", job.pk)
        if job.attempts < lease.MAX_ATTEMPTS:
            return lambda: lease.give_back(*held, blame=True) and send(job.pk, job.queue)
        return lambda: lease.fail(
            *held, "unavailable", "The database or another part did not answer; retry later."
        )
    except Exception as error:
        code, message = reason(error, job)
        if code == "internal":
            logger.exception("job %s: failed", job.pk)
        return lambda: lease.fail(*held, code, message)
    if run.finished:
        return lambda: None

    def done() -> bool:
        run.flush()
        return lease.succeed(*held, result or {})

    return done


def reason(error: Exception, job: Job) -> tuple[str, str]:
    """(code, message) for people, without traceback. Only messages that were written for readers get through."""
    if isinstance(error, FoveaError):
        return error.error_code, error.message
    if isinstance(error, MemoryError):
        return "out_of_memory", "There was not enough memory; give the worker more, or ask for less at once."
    if isinstance(code := getattr(error, "reason", None), str) and isinstance(error, ValueError):
        return code, str(error)  # the errors of `ml`
    if isinstance(error, KeyError) and error.args == (job.kind,):
        return "unknown_kind", f"This installation does not know jobs of kind {job.kind}."
    return "internal", f"An error in the program stopped it; the worker's log tells more about job {job.pk}."


def persist(settle: Callable[[], Any]) -> None:
    """Write the outcome down, patiently: the database may be restarting just now. Given up when the lease is over anyway."""
    deadline = time.monotonic() + lease.LEASE.total_seconds()
    while True:
        try:
            settle()
            return
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block or time.monotonic() > deadline:
                raise
            connection.close()
            time.sleep(0.5)
