"""`make doctor`: what is missing on this machine, and how to mend it.

Also runs as a plain script before set-up, with nothing installed: whatever a check needs, it imports itself.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
OK, WARN, FAIL = "ok", "warn", "FAIL"
Finding = tuple[str, str, str]  # how bad, what was found, how to mend it
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_TORCH_PROBE = """
import torch, torchvision
torchvision.ops.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
print(f"torch {torch.__version__}, torchvision {torchvision.__version__}, {device}")
"""


def python() -> Iterator[Finding]:
    """Python is new enough."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= (3, 11):
        yield OK, version, ""
    else:
        yield FAIL, version, "install Python 3.11 or newer, then `make setup PYTHON=python3.12`"


def packages() -> Iterator[Finding]:
    """The pinned requirements are installed in the virtual environment that runs this."""
    wanted = hashlib.sha256((ROOT / "requirements.txt").read_bytes()).hexdigest()
    stamp = Path(sys.prefix) / ".fovea-base"
    if sys.prefix == sys.base_prefix:
        yield FAIL, "no virtual environment", "make setup"
    elif not stamp.exists():
        yield WARN, f"{sys.prefix} was not made by `make setup`", "make setup"
    elif stamp.read_text() != wanted:
        yield FAIL, "requirements.txt has changed since set-up", "make setup"
    else:
        yield OK, "as pinned in requirements.txt", ""


def torch() -> Iterator[Finding]:
    """torch and torchvision are there and were built for one another."""
    ran = subprocess.run([sys.executable, "-c", _TORCH_PROBE], capture_output=True, text=True, check=False)
    if ran.returncode == 0:
        yield OK, ran.stdout.strip(), ""
        return
    last = (ran.stderr.strip().splitlines() or ["no message"])[-1]
    if "nms does not exist" in last or "circular import" in last:
        yield FAIL, "torch and torchvision come from different builds", "install both from one index, unmixed"
    else:
        yield FAIL, last, "make setup (a web process works without; learning workers do not)"


def bundle() -> Iterator[Finding]:
    """The viewer bundle was built from the present recipe."""
    folder = ROOT / "frontend_static" / "vendor"
    found = sorted(path.name for path in folder.glob("cornerstone-*") if (path / ".built-from").exists())
    if found:
        yield OK, ", ".join(found), ""
    else:
        yield FAIL, "the viewer bundle is not built", "make setup"


def home() -> Iterator[Finding]:
    """The data folder can be written and has room."""
    from fovea.embedded import checks, options
    from fovea.embedded.errors import LaunchError

    folder = options.read().home
    place = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(place, os.W_OK):
        yield FAIL, f"{folder} cannot be written", "set FOVEA_HOME to a folder of yours"
        return
    try:
        checks.disk(place)
    except LaunchError as error:
        yield FAIL, str(error), "free some space"
    else:
        yield OK, f"{folder}, {shutil.disk_usage(place).free / 2**30:.0f} GB free", ""


def database() -> Iterator[Finding]:
    """DATABASE_URL answers, or there is a PostgreSQL to embed."""
    from fovea.embedded import binaries, checks, cluster, identity, options, postgres
    from fovea.embedded.errors import LaunchError

    settings = options.read()
    try:
        if settings.database_url:
            yield OK, f"PostgreSQL {checks.database(settings.database_url)} of DATABASE_URL", ""
            return
        made_by = cluster.Places(settings.home).data_major()
        chosen = binaries.reachable(binaries.choose(made_by), identity.current())
        state = "running" if postgres.status(settings.home) else "started by `make up`"
        yield OK, f"embedded PostgreSQL {chosen.version} ({chosen.origin}), {state}", ""
    except LaunchError as error:
        yield FAIL, str(error), "see the line itself"


def broker() -> Iterator[Finding]:
    """CELERY_BROKER_URL answers, or jobs go through the database."""
    from fovea.embedded import checks, options
    from fovea.embedded.errors import LaunchError

    settings = options.read()
    try:
        checks.broker(settings)
    except LaunchError as error:
        yield FAIL, str(error), "see the line itself"
    else:
        yield OK, "PGMQ in the database" if settings.queues_in_database else "CELERY_BROKER_URL answers", ""


def port() -> Iterator[Finding]:
    """The port is free, or it is we who use it."""
    from fovea.embedded import checks, options
    from fovea.embedded.errors import LaunchError

    settings = options.read()
    lock = settings.home / "up.lock"
    try:
        checks.port(settings.host, settings.port)
        yield OK, f"{settings.host}:{settings.port} is free", ""
    except LaunchError as error:
        if lock.exists() and settings.address in lock.read_text():
            yield OK, f"Fovea runs at {settings.address}", ""
        else:
            yield FAIL, str(error), "set FOVEA_PORT to a free one"


def chromium() -> Iterator[Finding]:
    """A Chromium for the browser tests; people's own browsers are not meant."""
    found = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if found:
        yield OK, found, ""
    else:
        yield (
            WARN,
            "none; browser tests will be left out",
            "apt-get install chromium (only `make test` needs it)",
        )


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    python, packages, torch, bundle, home, database, broker, port, chromium,
)  # fmt: skip


def main() -> int:
    """Print one line a check. Exit code 1 when something must be mended."""
    failed = False
    for check in CHECKS:
        try:
            findings = list(check())
        except ImportError:
            findings = [(WARN, "not looked at: it needs the packages", "make setup")]
        except Exception as error:  # noqa: BLE001 - a doctor reports what broke, whatever it is
            findings = [(FAIL, f"{type(error).__name__}: {error}", "report this line")]
        for state, found, mend in findings:
            print(
                f"  {state:<5} {check.__name__:<10} {found}"
                + (f"\n        {'':<10} → {mend}" if mend else "")
            )
            failed = failed or state == FAIL
    print(
        "\n  Mend the lines marked FAIL, then run this again."
        if failed
        else "\n  Everything needed is there."
    )
    return int(failed)


if __name__ == "__main__":
    sys.path[0] = str(ROOT / "platform")  # run as a script: this folder itself must not be searched
    sys.exit(main())
