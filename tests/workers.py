"""Real Celery worker processes for tests, on the test database and the broker that the tests run on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60.0  # seconds until a test gives up; how fast it was is not asserted


def database_url(settings: dict[str, Any]) -> str:
    """The address that Django's database settings stand for."""
    who = quote(settings["USER"] or "")
    if settings["PASSWORD"]:
        who += ":" + quote(settings["PASSWORD"], safe="")
    return f"postgres://{who}@{settings['HOST'] or '127.0.0.1'}:{settings['PORT'] or 5432}/{settings['NAME']}"


def until(ready: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Wait until `ready()` is true and return it. Fails, saying `what` was waited for, when patience ends."""
    deadline = time.monotonic() + patience
    while not (found := ready()):
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.1)
    return found


@dataclass
class Worker:
    """One worker: a main process and its pool child."""

    process: subprocess.Popen[bytes]
    log: Path
    ended: bool = field(default=False)

    def children(self) -> list[int]:
        """Pids of the pool's children."""
        return [child.pid for child in psutil.Process(self.process.pid).children()]

    def kill(self) -> None:
        """SIGKILL to the worker and its children, as when the machine loses power."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.ended = True

    def kill_child(self) -> None:
        """SIGKILL to the pool's children only, as the kernel does when memory ends."""
        for pid in self.children():
            os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end; kill it when it does not within ten seconds."""
        if self.ended:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
        self.ended = True


def start_worker(queues: str = "default", modules: tuple[str, ...] = (), **environment: str) -> Worker:
    """Start a worker of `queues` (by comma) that also imports `modules`, and wait until it is ready."""
    from django.conf import settings
    from django.db import connection

    log = Path(settings.FOVEA_HOME) / f"worker-{time.monotonic_ns()}.log"
    command = [sys.executable, "-m", "celery", "-A", "fovea", "worker", "-Q", queues, "-c", "1", "-l", "INFO"]
    command += ["-n", f"{log.stem}@%h", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    if modules:
        command += ["-I", ",".join(modules)]
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(connection.settings_dict),
        "FOVEA_HOME": str(settings.FOVEA_HOME),
        "DJANGO_SETTINGS_MODULE": "fovea.settings.test",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")]),
        **environment,
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=environment, cwd=settings.FOVEA_HOME, stdout=out, stderr=out, start_new_session=True
        )
    worker = Worker(process, log)
    until(
        lambda: b" ready." in log.read_bytes() or process.poll() is not None,
        f"worker is ready\n{log.read_text()}",
    )
    assert process.poll() is None, log.read_text()[-3000:]
    return worker
