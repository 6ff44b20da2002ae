"""What a worker does beside its jobs: a thread in its main process that says it is alive, takes over from dead pool children,
sweeps, and on the way out gives its running jobs back.

It needs neither a free pool child nor the scheduler, so that a worker busy for hours is still seen and still sweeps.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import Any

import psutil
from celery.signals import worker_ready, worker_shutdown, worker_shutting_down
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Q
from django.db.models.functions import Now

from fovea.jobs import lease, place, sweeper
from fovea.jobs.models import Job, JobState, WorkerBeat

logger = logging.getLogger(__name__)
BEAT_SECONDS = 5.0


class Attendant(threading.Thread):
    """The thread of one worker."""

    def __init__(self, name: str, queues: list[str]) -> None:
        super().__init__(name="job-attendant", daemon=True)
        self._worker, self._queues = name, ",".join(queues)
        self._leaving, self._wake = False, threading.Event()

    def run(self) -> None:
        """A round every BEAT_SECONDS until told to leave; then give back what still runs here."""
        swept = -float("inf")
        while not self._leaving:
            sweep_due = time.monotonic() - swept >= sweeper.SWEEP_SECONDS
            if self._try(self._round, sweep_due) and sweep_due:
                swept = time.monotonic()
            self._wake.wait(BEAT_SECONDS)
        self._try(self._leave)

    def leave(self) -> None:
        """Called in a signal handler: only says so."""
        self._leaving = True
        self._wake.set()

    def _round(self, sweep_due: bool) -> None:
        WorkerBeat.objects.update_or_create(name=self._worker, defaults={"queues": self._queues, "at": Now()})
        sweeper.reap()
        if sweep_due:
            sweeper.sweep()

    def _leave(self) -> None:
        WorkerBeat.objects.filter(name=self._worker).delete()
        family = [os.getpid(), *(child.pid for child in psutil.Process().children())]
        ours = Q(pk=None)
        for pid in family:
            ours |= Q(worker__startswith=f"{place.machine()}/{pid}/")
        for job in Job.objects.filter(ours, state=JobState.RUNNING):
            logger.info("job %s: given back, this worker ends", job.pk)
            lease.give_back(job.pk, job.fence, blame=False)

    def _try(self, step: Any, *arguments: Any) -> bool:
        try:
            step(*arguments)
            return True
        except (DatabaseError, InterfaceError) as error:
            logger.warning("the database does not answer (%s)", type(error).__name__)
            return False
        finally:
            connection.close()  # nothing for a pool child to inherit


_attendant: Attendant | None = None


@worker_ready.connect
def _start(sender: Any, **_: Any) -> None:
    global _attendant
    _attendant = Attendant(sender.hostname, sorted(sender.app.amqp.queues.consume_from))
    _attendant.start()


@worker_shutting_down.connect
def _leave(**_: Any) -> None:
    if _attendant is not None:
        _attendant.leave()


@worker_shutdown.connect
def _gone(**_: Any) -> None:
    if _attendant is not None:
        _attendant.leave()
        _attendant.join(timeout=10)
