"""Which processes make up a running Fovea, and how each is called."""

import os
import shutil
import sys

from .children import Child
from .options import Options

_WORKER = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO")


def processes(settings: Options) -> list[Child]:
    """Web first, then the workers and the scheduler: the order in which they start."""
    concurrency = min(2, os.cpu_count() or 1)
    return [
        _web(settings),
        _worker(settings, "worker", "ingest,exports,default", concurrency),
        _worker(settings, "learning", "learning", 1),
        _beat(settings),
    ]


def demo(settings: Options) -> Child:
    """The command that makes the demo's projects, once."""
    return _child(settings, "demo", ["django", "demo_load"], once=True)


def _web(settings: Options) -> Child:
    # Live event streams never end by themselves: after five seconds the server closes them.
    command = [
        *("uvicorn", "fovea.asgi:application", "--host", settings.host, "--port", str(settings.port)),
        *("--no-access-log", "--timeout-graceful-shutdown", "5", "--lifespan", "off"),
    ]
    return _child(settings, "web", command, grace=7.0)


def _worker(settings: Options, name: str, queues: str, concurrency: int) -> Child:
    command = [
        *("celery", "--app", "fovea.celery", "worker", "--queues", queues, "--hostname", f"{name}@%h"),
        *("--concurrency", str(concurrency), *_WORKER),
    ]
    child = _child(settings, name, command)
    if name == "learning" and shutil.which(
        "nice"
    ):  # a training takes every core it gets; labelling goes first
        child.command = ["nice", "-n", "10", *child.command]
    if name == "learning":
        # Waiting threads sleep instead of spinning: on few cores a spinning one takes the time that it waits for.
        child.environment = {**child.environment, "OMP_WAIT_POLICY": "PASSIVE"}
    return child


def _beat(settings: Options) -> Child:
    schedule = settings.home / "beat-schedule"
    command = [
        *("celery", "--app", "fovea.celery", "beat", "--schedule", str(schedule), "--pidfile", ""),
        *("--loglevel", "INFO"),
    ]
    return _child(settings, "scheduler", command, grace=5.0)


def _child(settings: Options, name: str, module: list[str], grace: float = 10.0, once: bool = False) -> Child:
    return Child(
        name=name,
        command=[sys.executable, "-m", *module],
        log=settings.logs / f"{name}.log",
        environment={**settings.child_environment(), "DJANGO_SETTINGS_MODULE": "fovea.settings"},
        grace=grace,
        once=once,
    )
