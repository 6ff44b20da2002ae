"""Kinds of jobs that only tests have; a test's worker imports this module."""

import os
import time

from django.db import OperationalError

from fovea.core.errors import Invalid
from fovea.core.storage import blob_put
from fovea.jobs.registry import job_kind
from fovea.jobs.run import JobRun


class Unreadable(ValueError):
    """As the errors of `ml` are."""

    reason = "no_pixels"


@job_kind("test.echo")
def echo(run: JobRun) -> dict:
    """Say what was asked."""
    run.progress(0.5, "half")
    run.log("working")
    return {"said": run.payload.get("say", "")}


@job_kind("test.slow")
def slow(run: JobRun) -> dict:
    """Append a line to a file when it starts and when it ends, with steps of 0.1 s between; stops when told to."""
    _note(run, f"start {os.getpid()}")
    for step in range(run.payload["steps"]):
        run.progress(step / run.payload["steps"], f"step {step}")
        run.check()
        time.sleep(0.1)
    with run.guard():
        _note(run, "effect")
    return {"pid": os.getpid()}


@job_kind("test.fails")
def fails(run: JobRun) -> dict:
    """Raise what the payload names."""
    raise {
        "secret": ZeroDivisionError("Doe^Jane"),
        "invalid": Invalid("The file has no pixels.", code="no_pixels"),
        "memory": MemoryError(),
        "ml": Unreadable("The file holds no image."),
        "database": OperationalError("server closed the connection unexpectedly"),
    }[run.payload["how"]]


@job_kind("test.stores")
def stores(run: JobRun) -> dict:
    """Store a blob."""
    return {"sha256": blob_put(b"from a job").sha256}


def _note(run: JobRun, line: str) -> None:
    with open(run.payload["file"], "a") as file:
        file.write(line + "\n")
