"""What is known of the embedded database between starts, and which of its processes are alive."""

import json
import os
import secrets
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import quote

_LONGEST_SOCKET_PATH = 107  # sun_path of sockaddr_un holds 108 bytes with its closing zero


@dataclass(frozen=True)
class Places:
    """Where things lie under FOVEA_HOME. `folder` belongs to the database account alone (0700)."""

    home: Path

    @property
    def folder(self) -> Path:
        return self.home / "postgres"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def state(self) -> Path:
        return self.home / "postgres.json"

    @property
    def lock(self) -> Path:
        return self.home / "postgres.lock"

    @property
    def log(self) -> Path:
        return self.home / "logs" / "postgres.log"

    def data_major(self) -> int | None:
        """The major version that made the data folder, or None when there is none yet."""
        try:
            return int((self.data / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None


@dataclass(frozen=True)
class State:
    """Address and secrets of the cluster, kept in a file only its owner may read.

    `user` owns `database` and is no superuser; `admin` is, and is used for nothing but setting that up.
    """

    port: int
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    admin_password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    user: str = "fovea"
    admin: str = "postgres"
    database: str = "fovea"
    ready: bool = False  # role and database exist

    def url(self) -> str:
        """The address for Django and libpq, through loopback TCP."""
        return f"postgres://{self.user}:{quote(self.password, safe='')}@127.0.0.1:{self.port}/{self.database}"


def read_state(places: Places) -> State | None:
    """The recorded state, or None before the first start."""
    try:
        return State(**json.loads(places.state.read_text()))
    except FileNotFoundError:
        return None


def write_state(places: Places, state: State) -> None:
    """Record `state` in a file of mode 0600, whole or not at all."""
    new = places.state.with_suffix(".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(state), file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(places.state)


def free_port(preferred: int | None = None) -> int:
    """`preferred` when nothing listens there on loopback, else a port the system picks."""
    for port in (preferred, 0):
        if port is None:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
    raise OSError("no free TCP port on loopback")


def socket_folder(places: Places, port: int) -> str | None:
    """The folder of the Unix socket as clients name it, or None when its path would be too long."""
    path = os.fsencode(places.folder / f".s.PGSQL.{port}")
    return str(places.folder) if len(path) <= _LONGEST_SOCKET_PATH else None


def processes(places: Places) -> Iterator[int]:
    """Pids of live database processes of this data folder, the postmaster and its back ends alike.

    Told by name and working folder, so that a pid that another program has since taken is never meant.
    """
    import psutil

    data = os.path.realpath(places.data)
    for process in psutil.process_iter(["name"]):
        with suppress(psutil.Error, OSError):
            if (
                process.info["name"] == "postgres"
                and process.status() != psutil.STATUS_ZOMBIE
                and process.cwd() == data
            ):
                yield process.pid


def postmaster(places: Places) -> tuple[int, bool] | None:
    """(pid, accepts connections) of the running postmaster, or None."""
    try:
        lines = (places.data / "postmaster.pid").read_text().splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, ValueError, IndexError):
        return None
    if pid not in processes(places):
        return None
    return pid, len(lines) > 7 and lines[7].strip() == "ready"


def clear_remains(places: Places, patience: float = 5.0) -> None:
    """After a postmaster died without saying so: end its orphans, remove its pid and socket files.

    Orphaned back ends notice within moments; one that does not in `patience` seconds is told to quit, then
    killed. PostgreSQL itself would be fooled by a pid in use again (or a zombie) and never start.
    Call it only when no postmaster runs.
    """
    for sent, wait in ((None, patience), (signal.SIGQUIT, 3.0), (signal.SIGKILL, 3.0)):
        if sent is not None:
            for pid in processes(places):
                with suppress(ProcessLookupError):
                    os.kill(pid, sent)
        if _gone(places, wait):
            break
    (places.data / "postmaster.pid").unlink(missing_ok=True)
    for remains in places.folder.glob(".s.PGSQL.*"):
        remains.unlink(missing_ok=True)


def _gone(places: Places, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while any(processes(places)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
