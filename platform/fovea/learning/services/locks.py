"""Advisory locks per project: rewriting ranks excludes handing out items, for the moment it takes."""

from __future__ import annotations

import time

from django.db import connection

_RANKS = 0x466F7672  # the lock's namespace: any constant that nothing else uses
_PATIENCE = 1.0
_PAUSE = 0.01


def ranks_settle(project_id: int) -> None:
    """Wait until no ranking is being written, a second at most: a ranker that hangs never blocks labelling.

    Without the wait `skip locked` would pass over the whole front of the queue while its ranks are rewritten.
    Holds the lock (shared with other readers) until the transaction ends.
    """
    until = time.monotonic() + _PATIENCE
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT pg_try_advisory_xact_lock_shared(%s, %s)", [_RANKS, project_id])
            if cursor.fetchone()[0] or time.monotonic() > until:
                return
            time.sleep(_PAUSE)


def ranks_own(project_id: int) -> None:
    """Be the only one who writes the project's ranks, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_RANKS, project_id])
