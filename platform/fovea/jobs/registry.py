"""Which kinds of jobs there are, and what does their work.

An app's `tasks.py` registers its kinds; they are imported at the first look-up, so that a process that starts no job never
loads them. A handler imports torch, if it needs it, inside itself.

    @job_kind("export", queue="exports")
    def export_run(run: JobRun) -> dict: ...
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from django.utils.module_loading import autodiscover_modules

if TYPE_CHECKING:
    from fovea.jobs.run import JobRun

Queue = Literal["default", "ingest", "exports", "learning"]
Handler = Callable[["JobRun"], dict[str, Any] | None]


@dataclass(frozen=True)
class JobKind:
    """A kind of job: its name, the queue whose workers do it, and the function that does."""

    name: str
    queue: Queue
    handler: Handler


_kinds: dict[str, JobKind] = {}


def job_kind(name: str, queue: Queue = "default") -> Callable[[Handler], Handler]:
    """Register the decorated handler. What it returns (JSON) becomes the job's result.

    Delivery is at least once: a handler's steps are idempotent, and its last effect goes inside `run.guard()`.
    Raises ValueError when the name is taken by another function.
    """

    def register(handler: Handler) -> Handler:
        known = _kinds.get(name)
        if known and (known.handler.__module__, known.handler.__qualname__) != (
            handler.__module__,
            handler.__qualname__,
        ):
            raise ValueError(f"two handlers for jobs of kind {name!r}")
        _kinds[name] = JobKind(name, queue, handler)
        return handler

    return register


def kind_of(name: str) -> JobKind:
    """The kind of that name. KeyError when no app registers it."""
    _discover()
    return _kinds[name]


@cache
def _discover() -> None:
    autodiscover_modules("tasks")
