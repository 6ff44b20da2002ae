"""`make up`: check, start, watch, stop. Everything it starts it also ends; the data stays in FOVEA_HOME."""

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from . import checks, console, options, postgres
from .children import Child, Hurry, end_leftovers, record, rotate, stop
from .errors import LaunchError
from .options import ROOT, Options
from .processes import demo, processes

_LOG_CHECK_SECONDS = 30.0
_WEB_PATIENCE = 120.0  # a busy machine takes long to import Django


@dataclass
class Supervisor:
    """Holds what runs. `stopping` is set by a signal; a second one sets `hurry`."""

    settings: Options
    database: postgres.Cluster | None = None
    children: list[Child] = field(default_factory=list)
    stopping: bool = False
    hurry: Hurry = field(default_factory=Hurry)

    def run(self) -> None:
        """Start everything, watch it until a signal comes, stop everything. Raises LaunchError."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            self._start()
            next_logs = 0.0
            while not self.stopping:
                self._watch()
                if time.monotonic() > next_logs:
                    rotate(self.settings.logs)
                    next_logs = time.monotonic() + _LOG_CHECK_SECONDS
                time.sleep(0.25)
        finally:
            self._stop()

    def _on_signal(self, *_: object) -> None:
        self.hurry.pressed = self.stopping
        self.stopping = True

    # --- starting ------------------------------------------------------------------------------------------------
    def _start(self) -> None:
        settings = self.settings
        if leftovers := end_leftovers(settings.home / "children.json"):
            console.event("cleaned", f"ended what a killed run left behind: {', '.join(leftovers)}", "yellow")
        checks.port(settings.host, settings.port)
        checks.disk(settings.home)
        self._start_database()
        checks.broker(settings)
        report = self._prepare()
        if self.stopping:
            return
        self.children = processes(settings)
        self._start_children(self.children[:1])
        self._await_web()
        self._start_children(self.children[1:])
        console.event("running", ", ".join(child.name for child in self.children[1:]))
        self._greet(report["links"])
        self._load_demo()

    def _start_database(self) -> None:
        if self.settings.database_url:
            with console.step("database", "looking for it") as note:
                note.text = f"PostgreSQL {checks.database(self.settings.database_url)} of DATABASE_URL"
            return
        with console.step("database", "starting PostgreSQL") as note:
            self.database = postgres.start(self.settings.home)
            made = ", made new" if self.database.made else ""
            note.text = f"PostgreSQL {self.database.version}{made}"

    def _prepare(self) -> dict[str, Any]:
        if self.stopping:
            return {"commands": [], "links": []}
        with (
            console.step("schema", "migrating") as note,
            (self.settings.logs / "prepare.log").open("a") as log,
        ):
            ran = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "fovea.embedded.prepare",
                    *(["--demo"] if self.settings.demo else []),
                ],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=self.settings.child_environment(),
                cwd=ROOT,
                start_new_session=True,
                check=False,
            )
            if ran.returncode != 0:
                raise LaunchError(
                    f"The database could not be migrated: {_last_line(log.name)} (log: {log.name})"
                )
            report: dict[str, Any] = json.loads(ran.stdout.strip().splitlines()[-1])
            note.text = f"{report['migrations']} migrations applied" if report["migrations"] else "up to date"
        return report

    def _start_children(self, children: list[Child]) -> None:
        for child in children:
            child.start()
        self._remember()

    def _await_web(self) -> None:
        web = self.children[0]
        with console.step("web", "starting") as note:
            deadline = time.monotonic() + _WEB_PATIENCE
            while not self.stopping and not _answers(self.settings.address + "/healthz"):
                if web.process is None or web.process.poll() is not None or time.monotonic() > deadline:
                    raise LaunchError(
                        f"The web process did not start: {_last_line(web.log)} (log: {web.log})"
                    )
                time.sleep(0.1)
            note.text = self.settings.address

    def _greet(self, links: list[str]) -> None:
        console.plain()
        console.plain(f"  Fovea is ready: {console.paint(self.settings.address, 'bold')}")
        for line in links:
            console.plain(f"    {line}")
        console.plain(f"  Data: {self.settings.home} · logs: {self.settings.logs} · stop: Ctrl-C")
        console.plain()

    def _load_demo(self) -> None:
        if self.stopping or not self.settings.demo or (self.settings.home / "demo-loaded").exists():
            return
        console.event("demo", "loading in the background; the first model is trained on the way")
        self.children.append(demo(self.settings))
        self._start_children(self.children[-1:])

    # --- watching ------------------------------------------------------------------------------------------------
    def _watch(self) -> None:
        if self.database is not None and not self.database.alive():
            self._restart_database()
        changed = False
        for child in list(self.children):
            status = child.ended()
            if status is not None:
                changed = True
                self._on_death(child, status)
            elif child.restart_if_due():
                changed = True
                console.event(child.name, "started again")
        if changed:
            self._remember()

    def _on_death(self, child: Child, status: int) -> None:
        if not child.once:
            why = f"by signal {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
            console.event(
                child.name, f"ended {why}; again in {child.pause:.0f} s (log: {child.log})", "yellow"
            )
            return
        self.children.remove(child)
        if status == 0:
            (self.settings.home / "demo-loaded").touch()
            console.event(child.name, "loaded")
        else:
            console.event(child.name, f"not loaded: {_last_line(child.log)} (log: {child.log})", "red")

    def _restart_database(self) -> None:
        assert self.database is not None
        before = self.database.url
        console.event("database", "PostgreSQL ended; starting it again", "yellow")
        try:
            self.database = postgres.start(self.settings.home)
        except LaunchError as error:
            console.event("database", str(error), "red")
            time.sleep(2)
            return
        console.event("database", f"PostgreSQL {self.database.version} runs again")
        if self.database.url != before:  # its port had been taken meanwhile
            stop(self.children, self.hurry)
            for child in self.children:
                child.start()

    # --- stopping ------------------------------------------------------------------------------------------------
    def _stop(self) -> None:
        self.stopping = True
        if self.children:
            console.event(
                "stopping", ", ".join(child.name for child in self.children if child.process), "yellow"
            )
        killed = stop(self.children, self.hurry)
        if killed:
            console.event(
                "stopping", f"killed: {', '.join(killed)}; their jobs go on at the next start", "yellow"
            )
        (self.settings.home / "children.json").unlink(missing_ok=True)
        if self.database is not None:
            postgres.stop(self.settings.home)
        if self.children:
            console.event("stopped", f"all data is kept in {self.settings.home}")

    def _remember(self) -> None:
        record(self.settings.home / "children.json", self.children)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - our own http address
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _last_line(path: str | os.PathLike[str]) -> str:
    """The last line of a log that says something."""
    with open(path, "rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 8192))
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line), "no message")


@contextmanager
def _only_one(settings: Options) -> Iterator[None]:
    """Hold this home's lock, with our pid and address in it. Raises LaunchError when another run has it."""
    with (settings.home / "up.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise LaunchError(f"Fovea already runs from {settings.home}: {file.read().strip()}") from error
        file.truncate(0)
        file.write(f"pid {os.getpid()}, {settings.address}\n")
        file.flush()
        yield


def main() -> int:
    """Run until stopped. Exit code 1, with one line, when it cannot start."""
    try:
        settings = options.read()
        checks.prepare_home(settings.home)
        with _only_one(settings):
            Supervisor(settings).run()
    except LaunchError as error:
        print(f"fovea: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        hint = " Free some disk space." if error.errno == errno.ENOSPC else ""
        print(
            f"fovea: {error.filename or ''} {error.strerror or error}.{hint}".replace("  ", " "),
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
