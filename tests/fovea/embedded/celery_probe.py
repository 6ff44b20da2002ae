"""A Celery application with the product's own broker options, and a task that leaves a trace.

Run by stage.py as a real worker process; DATABASE_URL, FOVEA_HOME and PROBE_QUEUE come from its environment.
"""

import os
import time
from contextlib import closing

import psycopg2
from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

from fovea.settings import base

TRANSPORT_ALIASES["pgmq"] = "fovea.embedded.transport:Transport"
app = Celery("probe")
app.conf.update(
    {
        name.removeprefix("CELERY_").lower(): value
        for name, value in vars(base).items()
        if name.startswith("CELERY_")
    }
)
app.conf.beat_schedule = {}
app.conf.task_default_queue = os.environ["PROBE_QUEUE"]
if app.conf.broker_url.startswith("pgmq:"):
    app.conf.broker_transport_options["visibility_timeout"] = 3


@app.task(name="probe.leave_trace")
def leave_trace(number: int, seconds: float = 0.0) -> None:
    """Write a row at the start and another `seconds` later."""
    _write(number, "start")
    time.sleep(seconds)
    _write(number, "end")


def _write(number: int, what: str) -> None:
    for _ in range(200):
        try:
            with (
                closing(psycopg2.connect(base.DATABASE_URL)) as connection,
                connection,
                connection.cursor() as cursor,
            ):
                cursor.execute("INSERT INTO trace VALUES (%s, %s)", [number, what])
                return
        except psycopg2.OperationalError:  # the test has just killed the server
            time.sleep(0.1)
    raise RuntimeError("the database did not come back")
