"""kombu's pgmq:// transport, mended twice.

A failed acknowledgement must not stop a worker for ever. kombu 5.7 asks PGMQ to delete the message and only then frees
the prefetch slot. When the database dies in between, the error is logged and swallowed, the slot stays taken, the
connection pool heals unnoticed, and a worker with one slot never reads again. Here the slot is freed either way; PGMQ
hands the message out again when its visibility ends, which is what at-least-once delivery promises anyway.

A worker that was told to stop must not begin another task. Celery looks at its stop flag only between two reads, so the
slot that an ending job has just freed would be filled once more, and the stop would wait for that job too.
"""

from collections.abc import Callable
from queue import Empty
from typing import Any

from celery.worker import state
from kombu.transport import pgmq, virtual


class Channel(pgmq.Channel):  # type: ignore[misc]
    """A PGMQ channel that forgets a message it could not settle, and reads nothing for a worker that is leaving."""

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        """Delete the message. Raises psycopg.OperationalError, its slot freed, when the database is away."""
        try:
            super().basic_ack(delivery_tag, multiple)
        except Exception:
            virtual.Channel.basic_ack(self, delivery_tag)
            raise

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Give the message back, or delete it. Raises as `basic_ack` does."""
        try:
            super().basic_reject(delivery_tag, requeue)
        except Exception:
            self.qos.reject(delivery_tag, requeue=False)
            raise

    def drain_events(
        self, timeout: float | None = None, callback: Callable[..., Any] | None = None, **kwargs: Any
    ) -> None:
        """Deliver what waits. Raises Empty when nothing does, or when this worker is leaving."""
        if state.should_stop is not None or state.should_terminate is not None:
            raise Empty
        super().drain_events(timeout=timeout, callback=callback, **kwargs)


class Transport(pgmq.Transport):  # type: ignore[misc]
    """The transport that `fovea.celery` puts behind the pgmq:// scheme."""

    Channel = Channel
