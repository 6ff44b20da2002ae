"""Celery's broker on the same PostgreSQL: PGMQ as plain SQL, no server extension."""

from collections.abc import Iterable
from contextlib import closing

QUEUES = ("default", "ingest", "exports", "learning")
_LOCK = 0x666F766561  # "fovea": one installer at a time


def ensure_queues(database_url: str, names: Iterable[str] = QUEUES) -> None:
    """Install PGMQ's schema where it is missing and create the queues `names`. Safe to repeat.

    Creating them here once keeps processes that start together from racing to. Needs no superuser.
    Raises psycopg2.OperationalError when the database does not answer.
    """
    import psycopg2
    from pgmq.install import get_embedded_install_sql

    with closing(psycopg2.connect(database_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute("SELECT to_regclass('pgmq.topic_bindings')")
        if cursor.fetchone() == (None,):
            cursor.execute(get_embedded_install_sql())
        for name in names:
            cursor.execute("SELECT pgmq.create(%s)", [name])
