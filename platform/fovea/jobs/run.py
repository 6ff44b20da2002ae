"""What a handler sees of its job: the payload, a way to tell progress, and whether to go on.

The handler's calls only touch memory. A thread with a database connection of its own (`Pulse`) writes them down, extends the
lease and asks whether the job is still this run's, so that neither a long computation nor the handler's open transaction
delays them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection, transaction

from fovea.jobs import lease
from fovea.jobs.models import Job, JobState

logger = logging.getLogger(__name__)
TICK_SECONDS = 1.0


class JobStopped(BaseException):
    """The run must end now. Not an Exception, so that code that goes on after one bad file does not swallow it."""


class JobCancelled(JobStopped):
    """Somebody cancelled the job."""


class JobLost(JobStopped):
    """The lease ran out, or the worker is shutting down: another run does the job, this one may not write any more."""


class JobRun:
    """One run of one job."""

    def __init__(self, job: Job, *, inline: bool = False) -> None:
        self.job_id: UUID = job.pk
        self.payload: dict[str, Any] = job.payload
        self.actor = job.created_by
        self.scope = job.scope
        self.attempt = job.attempts
        self.finished = False
        self._fence = job.fence
        self._inline = inline
        self._lock = threading.Lock()
        self._changes: dict[str, Any] = {}
        self._lines: list[tuple[str, str]] = []
        self._cancel_requested = False
        self._lost = False
        self._beaten = time.monotonic()

    def progress(self, fraction: float, stage: str = "") -> None:
        """Tell how far the work is (0..1) and what it is at. May be called as often as one likes."""
        with self._lock:
            self._changes = {"progress": min(max(float(fraction), 0.0), 1.0), "stage": stage[:200]}
        self._write_inline()

    def log(self, message: str, level: str = "info") -> None:
        """Add a line to the job's log, which everybody in the project may read: no patient data."""
        with self._lock:
            self._lines.append((level[:8], message[:4000]))
        self._write_inline()

    def cancelled(self) -> bool:
        """Whether to stop: somebody cancelled the job, or it is no longer this run's. At most about 1 s old."""
        self._write_inline()
        return self._cancel_requested or self._lost

    def check(self) -> None:
        """Raise JobLost or JobCancelled when the work must stop; call it between steps."""
        if not self.cancelled():
            return
        raise JobLost() if self._lost else JobCancelled()

    @contextmanager
    def guard(self) -> Iterator[None]:
        """A transaction for the job's effect: nobody else can take the job while it is open.

        Raises JobLost when this run does not hold the job any more, JobCancelled when it was cancelled; what the block
        wrote is rolled back when it raises.
        """
        if not connection.in_atomic_block:
            connection.close()  # the database may have restarted since the last query
        with transaction.atomic():
            job = Job.objects.select_for_update().filter(
                pk=self.job_id, fence=self._fence, state=JobState.RUNNING
            )
            found = job.values_list("cancel_requested", flat=True).first()
            if found is None:
                raise JobLost()
            if found:
                raise JobCancelled()
            yield

    def finish(self, result: dict[str, Any]) -> None:
        """Mark the job done with this result. Inside `guard()` effect and mark are one transaction: neither without the
        other, whenever the worker dies. (A handler that just returns its result is marked done right after.)"""
        self.flush()
        if not lease.succeed(self.job_id, self._fence, result):
            raise JobLost()
        self.finished = True

    def flush(self, *, keep_lease: bool = True) -> None:
        """Write down what the handler told since the last time, and learn whether to go on."""
        with self._lock:
            changes, lines = dict(self._changes), list(self._lines)
        held, self._cancel_requested = lease.holds(self.job_id, self._fence)
        if held and (changes or keep_lease):
            held = lease.keep(self.job_id, self._fence, **changes)
        if held and lines:
            held = lease.add_lines(self.job_id, self._fence, lines)
        with self._lock:  # only now: what the database did not take is written at the next beat
            self._changes = {} if self._changes == changes else self._changes
            del self._lines[: len(lines)]
        self._lost = not held
        if held:
            self._beaten = time.monotonic()

    def give_up_when_silent(self) -> None:
        """Without an answer from the database for as long as the lease lasts, the job counts as lost."""
        if time.monotonic() - self._beaten > lease.LEASE.total_seconds():
            self._lost = True

    def _write_inline(self) -> None:
        if self._inline and not self.finished:
            self.flush()


class Pulse(threading.Thread):
    """Writes down what a run tells and keeps its lease, until `stop()`."""

    def __init__(self, run: JobRun) -> None:
        super().__init__(name=f"job-{run.job_id}", daemon=True)
        self._run_of_job = run
        self._over = threading.Event()

    def run(self) -> None:
        """Once a second; the lease is extended every HEARTBEAT_SECONDS."""
        beaten = time.monotonic()
        try:
            while not self._over.wait(TICK_SECONDS):
                due = time.monotonic() - beaten >= lease.HEARTBEAT_SECONDS
                try:
                    self._run_of_job.flush(keep_lease=due)
                    beaten = time.monotonic() if due else beaten
                except DatabaseError:
                    logger.warning("job %s: the database does not answer", self._run_of_job.job_id)
                    connection.close()
                    self._run_of_job.give_up_when_silent()
        finally:
            connection.close()

    def stop(self) -> None:
        """End the thread; returns when it has."""
        self._over.set()
        self.join()
