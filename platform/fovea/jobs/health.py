"""What `/readyz` says about the broker and the workers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args

from celery import current_app

from fovea.core.health import NotReady
from fovea.jobs.registry import Queue
from fovea.jobs.selectors import workers

LATE = timedelta(seconds=30)


def broker() -> dict[str, Any]:
    """The broker takes a connection within three seconds."""
    with current_app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, interval_start=0, timeout=3)
    return {}


def beats() -> dict[str, Any]:
    """Seconds since a worker of each queue was last alive. Raises NotReady naming the queues without one."""
    ages: dict[str, float | None] = dict.fromkeys(get_args(Queue))
    for _, queues, at, now in workers():
        age = round((now - at).total_seconds(), 1)
        for queue in queues:
            known = ages.get(queue)
            ages[queue] = age if known is None else min(age, known)
    late = [name for name, age in ages.items() if age is None or age > LATE.total_seconds()]
    if late:
        raise NotReady(f"no worker for: {', '.join(sorted(late))}")
    return {"seconds_since_beat": ages}
