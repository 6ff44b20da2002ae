"""The processes around the database: started, watched, restarted, stopped in order."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_STEADY = 60.0  # seconds of running after which a death counts as the first one again
_LONGEST_PAUSE = 30.0


def _listen_again() -> None:
    """A launcher started in the background ignores Ctrl-C and Ctrl-\\; what it starts must not inherit that."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


@dataclass
class Child:
    """One process in a session of its own, so that Ctrl-C reaches the supervisor alone.

    `grace`: seconds between the polite signal and the next harder one. `once`: it ends by itself and is not
    restarted.
    """

    name: str
    command: list[str]
    log: Path
    environment: Mapping[str, str] = field(repr=False)
    grace: float = 10.0
    once: bool = False
    process: subprocess.Popen[bytes] | None = None
    deaths: int = 0
    begun: float = 0.0
    due: float = 0.0

    def start(self) -> None:
        """Start it, output appended to its log (so that the log may be cut while it runs)."""
        _listen_again()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.begun = time.monotonic()

    def ended(self) -> int | None:
        """Its exit status when it has just ended, else None."""
        if self.process is None:
            return None
        status = self.process.poll()
        if status is None:
            return None
        self.process = None
        self.deaths = 0 if time.monotonic() - self.begun > _STEADY else self.deaths
        self.deaths += 1
        self.due = time.monotonic() + self.pause
        return status

    @property
    def pause(self) -> float:
        """Seconds to wait before it is started again: 1, 2, 4 … up to half a minute."""
        return min(2.0 ** (self.deaths - 1), _LONGEST_PAUSE)

    def restart_if_due(self) -> bool:
        """Start it again when its pause is over."""
        if self.process is not None or self.once or time.monotonic() < self.due:
            return False
        self.start()
        return True

    def signal(self, number: signal.Signals) -> None:
        """Signal it alone: a worker tells its own children."""
        if self.process is not None and self.process.poll() is None:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)

    def kill_group(self) -> None:
        """Kill whatever is left in its session's process group."""
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def stop(children: Iterable[Child], hurry: "Hurry") -> list[str]:
    """Stop these together: SIGTERM, after their grace SIGQUIT (Celery's cold shutdown), at last SIGKILL.

    Returns the names of those that had to be killed.
    """
    running = [child for child in children if child.process is not None]
    for number, share in ((signal.SIGTERM, 1.0), (signal.SIGQUIT, 0.3)):
        for child in running:
            child.signal(number)
        begun = time.monotonic()
        while running and not hurry.pressed:
            running = [child for child in running if child.process and child.process.poll() is None]
            if all(time.monotonic() - begun > child.grace * share for child in running):
                break
            time.sleep(0.05)
    for child in running:
        child.kill_group()
    return [child.name for child in running]


class Hurry:
    """Set by a second Ctrl-C: no more waiting."""

    pressed = False


def record(path: Path, children: Iterable[Child]) -> None:
    """Note which processes run, for a next start after the supervisor itself was killed."""
    import psutil

    rows = []
    for child in children:
        if child.process is not None:
            with suppress(psutil.Error):
                rows.append([child.name, child.process.pid, psutil.Process(child.process.pid).create_time()])
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(rows))
    draft.replace(path)


def end_leftovers(path: Path) -> list[str]:
    """End the processes a killed supervisor left behind; their names. A pid in use again is left alone."""
    import psutil

    try:
        rows = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return []
    found = {}
    for name, pid, created in rows:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            if abs(process.create_time() - created) < 1 and process.status() != psutil.STATUS_ZOMBIE:
                found[process] = name
    family = [*found, *(relative for process in found for relative in _descendants(process))]
    for process in found:
        with suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(family, timeout=8)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=3)
    path.unlink(missing_ok=True)
    return list(found.values())


def _descendants(process: "psutil.Process") -> "list[psutil.Process]":  # type: ignore[name-defined]  # noqa: F821
    import psutil

    try:
        return list(process.children(recursive=True))
    except psutil.Error:
        return []


def rotate(logs: Path, limit: int = 10 * 2**20, keep: int = 3) -> None:
    """Cut each log above `limit` bytes, keeping `keep` older parts (name.log.1 is the newest).

    Copied and cut in place, because the writers hold the file open in append mode.
    """
    for log in logs.glob("*.log"):
        if log.stat().st_size <= limit:
            continue
        for number in range(keep, 1, -1):
            older = log.with_name(f"{log.name}.{number - 1}")
            if older.exists():
                older.replace(log.with_name(f"{log.name}.{number}"))
        with log.open("rb+") as file, log.with_name(f"{log.name}.1").open("wb") as copy:
            while block := file.read(2**20):
                copy.write(block)
            file.truncate(0)
