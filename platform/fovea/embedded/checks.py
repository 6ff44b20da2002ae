"""What must hold before anything is started; each failure is one line that says what to do."""

import os
import shutil
import socket
from pathlib import Path
from urllib.parse import urlsplit

from .errors import LaunchError
from .options import Options

FIRST_START_BYTES = 512 * 2**20
LATER_START_BYTES = 128 * 2**20


def prepare_home(home: Path) -> None:
    """Make the data folder, for its owner only. Raises LaunchError when it cannot be written."""
    try:
        if not home.exists():
            home.mkdir(parents=True, mode=0o700)
        (home / "logs").mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise LaunchError(
            f"The data folder {home} cannot be used: {error.strerror}. Set FOVEA_HOME."
        ) from error
    if not os.access(home, os.W_OK | os.X_OK):
        raise LaunchError(f"The data folder {home} belongs to somebody else. Set FOVEA_HOME to one of yours.")


def disk(home: Path) -> None:
    """Raises LaunchError when too little space is free for the database to work."""
    free = shutil.disk_usage(home).free
    needed = LATER_START_BYTES if (home / "postgres.json").exists() else FIRST_START_BYTES
    if free < needed:
        raise LaunchError(
            f"The disk of {home} is full: {free // 2**20} MB free, {needed // 2**20} MB needed. "
            "Free some space or set FOVEA_HOME to another disk."
        )


def port(host: str, number: int) -> None:
    """Raises LaunchError when `host`:`number` cannot be listened on."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise LaunchError(f"FOVEA_HOST {host!r} is no address of this machine.") from error
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen()
        except PermissionError as error:
            raise LaunchError(f"Port {number} needs root; set FOVEA_PORT to one above 1023.") from error
        except OSError as error:
            raise LaunchError(
                f"Port {number} on {host} is taken; stop what uses it or choose another: "
                f"FOVEA_PORT={number + 1} make up"
            ) from error


def database(url: str) -> str:
    """The version of the server at `url`. Raises LaunchError, without the password, when it does not answer."""
    import psycopg2

    try:
        parts = urlsplit(url)
        place = f"{parts.hostname or 'localhost'}:{parts.port or 5432}{parts.path}"
    except ValueError as error:
        raise LaunchError(
            "DATABASE_URL is no address; it looks like postgres://name:password@host:5432/database"
        ) from error
    try:
        connection = psycopg2.connect(url, connect_timeout=5)
    except psycopg2.Error as error:
        reason = " ".join(str(error).partition("Is the server running")[0].split())
        if parts.password:  # a malformed address is quoted in the message
            reason = reason.replace(parts.password, "***")
        raise LaunchError(
            f"The database {place} of DATABASE_URL cannot be used: {reason}. "
            "Start it, correct DATABASE_URL, or unset it for the embedded one."
        ) from error
    version = connection.server_version
    connection.close()
    if version < 150000:
        raise LaunchError(f"The database {place} is PostgreSQL {version // 10000}; Fovea needs 15 or newer.")
    return f"{version // 10000}.{version % 10000}"


def broker(options: Options) -> None:
    """Raises LaunchError, without the password, when the broker of CELERY_BROKER_URL does not answer."""
    if options.queues_in_database:
        return
    from kombu import Connection

    with Connection(options.broker_url, connect_timeout=5) as connection:
        try:
            connection.ensure_connection(max_retries=1, interval_start=0.2, timeout=5)
        except Exception as error:
            raise LaunchError(
                f"The broker {connection.as_uri()} of CELERY_BROKER_URL does not answer "
                f"({type(error).__name__}); start it, or unset CELERY_BROKER_URL to use the database."
            ) from error
