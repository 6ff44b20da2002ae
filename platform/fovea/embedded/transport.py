"""kombu's pgmq:// transport, mended: a failed acknowledgement must not stop a worker for ever.

kombu 5.7 asks PGMQ to delete the message and only then frees the prefetch slot. When the database dies in
between, the error is logged and swallowed, the slot stays taken, the connection pool heals unnoticed, and a worker
with one slot never reads again. Here the slot is freed either way; PGMQ hands the message out again when its
visibility ends, which is what at-least-once delivery promises anyway.
"""

from kombu.transport import pgmq, virtual


class Channel(pgmq.Channel):  # type: ignore[misc]
    """A PGMQ channel that forgets a message it could not settle."""

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


class Transport(pgmq.Transport):  # type: ignore[misc]
    """The transport that `fovea.celery` puts behind the pgmq:// scheme."""

    Channel = Channel
