"""`python -m fovea.embedded.healthy web|worker|beat`: a container's health check; exit code 0 means healthy."""

import os
import socket
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

_LATE_SECONDS = 60
_BEAT_SCHEDULE = Path("/tmp/beat-schedule")  # noqa: S108 - inside the container
_SCHEDULE_LATE_SECONDS = 600  # beat writes it every three minutes


def web() -> bool:
    """The web process answers."""
    host = os.environ.get("FOVEA_ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".*") or "localhost"
    request = urllib.request.Request("http://127.0.0.1:8000/healthz", headers={"Host": host})
    with urllib.request.urlopen(request, timeout=4) as response:  # noqa: S310 - a fixed address
        return bool(response.status == 200)


def worker() -> bool:
    """This container's worker has said within a minute, by the database's clock, that it is alive."""
    import psycopg2

    with (
        closing(psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=5)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT count(*) FROM jobs_workerbeat WHERE name LIKE %s AND at > now() - make_interval(secs => %s)",
            [f"%@{socket.gethostname()}", _LATE_SECONDS],
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def beat() -> bool:
    """The scheduler has written its schedule lately."""
    return time.time() - _BEAT_SCHEDULE.stat().st_mtime < _SCHEDULE_LATE_SECONDS


PARTS: dict[str, Callable[[], bool]] = {"web": web, "worker": worker, "beat": beat}


def main(arguments: list[str]) -> int:
    """Check the part named and return the exit code; the reason of a failure is printed, without an address."""
    try:
        return 0 if PARTS[arguments[0]]() else 1
    except Exception as error:  # noqa: BLE001 - whatever went wrong, it is not healthy
        print(type(error).__name__)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
