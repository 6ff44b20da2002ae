"""How long work reports back and is asked to stop; shared by the cache, training, scoring and simulation."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Progress:
    """One report. ``metric`` is the validation metric so far, ``eta_seconds`` the time left by the pace so far."""

    phase: str
    step: int
    steps: int
    loss: float | None = None
    metric: float | None = None
    eta_seconds: float | None = None
    message: str = ""

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return asdict(self)


OnProgress = Callable[[Progress], None]
ShouldStop = Callable[[], bool]


class Cancelled(Exception):
    """Raised inside long work when ``should_stop`` said so; what was finished by then is kept."""


def ignore_progress(progress: Progress) -> None:
    """An ``on_progress`` for callers that do not listen."""


def never_stop() -> bool:
    """A ``should_stop`` for work that is not to be cancelled."""
    return False


class Pace:
    """Estimates the time left from the steps done since it was made."""

    def __init__(self, done: int = 0) -> None:
        self._first = done
        self._start = time.monotonic()

    def eta(self, step: int, steps: int) -> float | None:
        """Seconds left at ``step`` of ``steps``; None before the first step."""
        done = step - self._first
        if done <= 0:
            return None
        return (time.monotonic() - self._start) / done * (steps - step)
