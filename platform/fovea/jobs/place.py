"""Which process holds a job, written so that others on the same machine can tell whether it still lives."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import psutil


@cache
def machine() -> str:
    """Names this boot of this machine and this process's view of process ids (containers see others)."""
    boot, space = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    if not (boot.exists() and space.exists()):  # not Linux
        return os.uname().nodename
    return f"{boot.read_text().strip()}.{space.stat().st_ino}"


def this_process() -> str:
    """`<machine>/<pid>/<when it started>`; the start tells it from a later process of the same number."""
    return f"{machine()}/{os.getpid()}/{_started(os.getpid())}"


def is_dead(worker: str) -> bool:
    """Whether the process of that name certainly lives no more. False for another machine's: one cannot know."""
    try:
        place, pid, started = worker.rsplit("/", 2)
        return place == machine() and _started(int(pid)) != started
    except ValueError:
        return False


def _started(pid: int) -> str:
    try:
        process = psutil.Process(pid)
        return "" if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.Error:
        return ""
