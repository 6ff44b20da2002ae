"""The embedded PostgreSQL: made, started and stopped by us, with scram passwords and on loopback only.

`python -m fovea.embedded start|stop|status|url [HOME]` does the same from a shell.

Root lends the server an unprivileged account but opens no folder for it: the launcher opens the server's
folder and hands the descriptor down, and `/proc/self/fd/N` leads there however closed the parents are.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from . import binaries as programs
from .binaries import Binaries
from .cluster import (
    Places,
    State,
    clear_remains,
    free_port,
    postmaster,
    processes,
    read_state,
    socket_folder,
    write_state,
)
from .errors import LaunchError
from .identity import Identity, current

_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "..",  # as the server sees it from its data folder
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "jit": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}


@dataclass
class Cluster:
    """A running embedded database. `process` is set only in the process that started it."""

    home: Path
    url: str = field(repr=False)
    pid: int
    version: str
    made: bool = False  # the data folder was made by this start
    process: subprocess.Popen[bytes] | None = None

    def alive(self) -> bool:
        """Whether its postmaster still runs."""
        if self.process is not None:
            return self.process.poll() is None
        return status(self.home) is not None


def database_url(home: str | os.PathLike[str]) -> str | None:
    """The address of the embedded database under `home`, or None when it was never started."""
    state = read_state(Places(Path(home)))
    return state.url() if state and state.ready else None


def status(home: str | os.PathLike[str]) -> Cluster | None:
    """The database running under `home`, or None when it is not running (or not ready yet)."""
    places = Places(Path(home).absolute())
    state, running = read_state(places), postmaster(places)
    if not state or not running or not running[1]:
        return None
    return Cluster(places.home, state.url(), running[0], str(places.data_major()))


def start(home: str | os.PathLike[str], *, timeout: float = 60.0) -> Cluster:
    """Make the database under `home` when there is none, start it, wait until it answers.

    Already running, it is left alone. After a kill -9 the start is tried again until the remains are gone.
    Raises LaunchError when it does not answer within `timeout` seconds.
    """
    places, identity = Places(Path(home).absolute()), current()
    places.log.parent.mkdir(parents=True, exist_ok=True)
    with _locked(places):
        if running := status(places.home):
            return running
        chosen = programs.reachable(programs.choose(places.data_major()), identity)
        state, made = read_state(places), not places.data.exists()
        if state is None and not made:
            raise LaunchError(
                f"{places.state} is gone, and with it the password of {places.data}; restore it."
            )
        state = state or State(port=free_port())
        if made:
            state = replace(state, ready=False)
            write_state(places, state)
            _initialise(places, state, chosen, identity)
        cluster = _launch(places, chosen, identity, state, time.monotonic() + timeout)
        cluster.made = made
        return cluster


def stop(home: str | os.PathLike[str], *, timeout: float = 30.0) -> bool:
    """Stop the database under `home` cleanly: open transactions are rolled back, all data is written out.

    False when it was not running. After `timeout` seconds it is made to quit; the next start then recovers.
    """
    places = Places(Path(home).absolute())
    if not places.home.is_dir():
        return False
    with _locked(places):
        running = postmaster(places)
        if running is None:
            return False
        for how, patience in ((signal.SIGINT, timeout), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            with suppress(ProcessLookupError):
                os.kill(running[0], how)
            deadline = time.monotonic() + patience
            while time.monotonic() < deadline:
                if running[0] not in processes(places):
                    return True
                time.sleep(0.02)
        return True


@contextmanager
def _locked(places: Places) -> Iterator[None]:
    """One start or stop at a time for this home; a second one waits."""
    with places.lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _handed_down(places: Places, identity: Identity) -> Iterator[tuple[Path, dict[str, object]]]:
    """The server's folder as its account reaches it, and the `subprocess` options that make it so."""
    options: dict[str, object] = {"cwd": "/", "env": _ENVIRONMENT, **identity.spawn_options()}
    if not identity.switch:
        yield places.folder, options
        return
    descriptor = os.open(places.folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield Path(f"/proc/self/fd/{descriptor}"), {**options, "pass_fds": [descriptor]}
    finally:
        os.close(descriptor)


def _initialise(places: Places, state: State, chosen: Binaries, identity: Identity) -> None:
    """Make the data folder beside its place and move it there once complete."""
    places.folder.mkdir(mode=0o700, exist_ok=True)
    places.folder.chmod(0o700)
    identity.own(places.folder)
    shutil.rmtree(places.folder / "making", ignore_errors=True)
    secret = places.folder / "admin-password"
    secret.unlink(missing_ok=True)
    descriptor = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(descriptor, state.admin_password.encode() + b"\n")
    os.close(descriptor)
    identity.own(secret)
    try:
        with _handed_down(places, identity) as (folder, options):
            _run_initdb(chosen, folder, state.admin, options)
    finally:
        secret.unlink(missing_ok=True)
    (places.folder / "making").rename(places.data)


def _run_initdb(chosen: Binaries, folder: Path, admin: str, options: dict[str, object]) -> None:
    command = [
        *(chosen.path("initdb"), "--pgdata", f"{folder}/making", "--username", admin, "--encoding", "UTF8"),
        *("--auth", "scram-sha-256", "--pwfile", f"{folder}/admin-password", "--no-instructions"),
    ]
    for locale in ("--locale=C.UTF-8", "--no-locale"):  # not every libc has C.UTF-8
        ran = subprocess.run([*command, locale], capture_output=True, text=True, **options)  # type: ignore[call-overload]
        if ran.returncode == 0:
            return
        if "locale" not in ran.stderr:
            break
    last = (ran.stderr.strip().splitlines() or ["no message"])[-1]
    raise LaunchError(f"The database folder {folder} could not be made: {last}")


def _launch(places: Places, chosen: Binaries, identity: Identity, state: State, deadline: float) -> Cluster:
    """Start the server, again and again while a former one's remains or a taken port are in the way."""
    while True:
        if postmaster(places) is None:
            clear_remains(places)
        state = replace(state, port=free_port(state.port))
        with places.log.open("ab") as log:
            log_start = log.tell()
            process = _spawn(places, chosen, identity, state, log)
        if _await_ready(places, process, deadline):
            break
        reason = _last_complaint(places.log, log_start)
        process.kill()
        process.wait()
        if time.monotonic() > deadline or not _worth_retrying(reason):
            raise LaunchError(f"PostgreSQL did not start: {reason} (log: {places.log})")
        time.sleep(0.2)
    if not state.ready:
        from .provision import provision

        provision(state)
        state = replace(state, ready=True)
    write_state(places, state)
    return Cluster(places.home, state.url(), process.pid, chosen.version, process=process)


def _spawn(
    places: Places, chosen: Binaries, identity: Identity, state: State, log: IO[bytes]
) -> subprocess.Popen[bytes]:
    settings = {**_SETTINGS, "port": str(state.port)}
    if socket_folder(places, state.port) is None:
        settings["unix_socket_directories"] = ""
    arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with _handed_down(places, identity) as (folder, options):
        return subprocess.Popen(
            [chosen.path("postgres"), "-D", f"{folder}/data", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C must not reach it before its clients
            **options,  # type: ignore[call-overload]
        )


def _await_ready(places: Places, process: subprocess.Popen[bytes], deadline: float) -> bool:
    """Wait until the server accepts connections. False when it died or the time is over."""
    while process.poll() is None and time.monotonic() < deadline:
        if postmaster(places) == (process.pid, True):
            return True
        time.sleep(0.02)
    return False


def _last_complaint(log: Path, start: int) -> str:
    """The last FATAL or PANIC line written since byte `start` of the log."""
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read().decode(errors="replace").splitlines()
    severe = [line for line in lines if "FATAL" in line or "PANIC" in line or "could not" in line]
    return (severe or lines or ["no message"])[-1].strip()


def _worth_retrying(reason: str) -> bool:
    passing = (
        "already exists",
        "pre-existing shared memory",
        "could not create any TCP",
        "could not bind",
        "lock file",
    )
    return any(text in reason for text in passing)
