"""The whole site as `make up` runs it, in a data folder of its own: started, waited for, stopped by its process id."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
_READY = re.compile(r"Fovea is ready: (http\S+)")
_LINK = re.compile(r"(demo-\w+)\s+(http\S+/sign-in/link/\S+)")


class Site:
    """`make up` without the set-up. `address`, and `links` by the demo's user names."""

    def __init__(self, home: Path, *, demo: bool = True) -> None:
        self.home, self.demo = home, demo
        self.log = home.with_suffix(".out")
        self.address, self.links = "", dict[str, str]()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, seconds: float = 240) -> Site:
        """Start it and wait until it says that it is ready. Raises AssertionError with its output when it does not."""
        kept = {
            k: v
            for k, v in os.environ.items()
            if k not in ("DATABASE_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE")
        }
        env = kept | {
            "FOVEA_HOME": str(self.home),
            "FOVEA_PORT": str(free_port()),
            "FOVEA_DEMO": str(int(self.demo)),
            "PYTHONPATH": f"{ROOT / 'platform'}:{ROOT}",
        }
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "fovea.embedded.up"], cwd=ROOT, env=env, stdout=output, stderr=output
            )
        until(lambda: _READY.search(self.text()) is not None, seconds, self.text, alive=self.alive)
        self.address = _READY.search(self.text())[1]  # type: ignore[index]
        if self.demo:
            until(lambda: len(_LINK.findall(self.text())) >= 3, 30, self.text)
            self.links = dict(_LINK.findall(self.text()))
        return self

    def text(self) -> str:
        """What it printed so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def alive(self) -> bool:
        """Whether the launcher still runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> int:
        """Ctrl-C, as a person would; returns the exit status."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        return self._process.wait(timeout=60)


def free_port() -> int:
    """A port of the loopback interface that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, seconds: float, explain=lambda: "", *, alive=lambda: True, every: float = 0.5) -> None:
    """Poll until the condition holds; fail with an explanation when time runs out or the process died."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"still not so after {seconds:.0f} s:\n{explain()}"
        assert alive(), f"it ended:\n{explain()}"
        time.sleep(every)


def api(address: str, cookies: dict[str, str]) -> httpx.Client:
    """A REST client that carries a browser's session."""
    return httpx.Client(base_url=f"{address}/api/v1", cookies=cookies, timeout=30)
