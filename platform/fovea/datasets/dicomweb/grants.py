"""What a person may read of a series, remembered for a few seconds so that a frame costs no query.

Per process. A change of memberships or sign-out empties this process's memory at once; other processes forget
within `GRANT_SECONDS`.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

GRANT_SECONDS = 5.0
_GRANTS = 4_096

K = TypeVar("K")
V = TypeVar("V")


class ShortMemory(Generic[K, V]):
    """At most `size` values, each for `seconds`, the least used ones forgotten first. Safe between
    threads.
    """

    def __init__(self, *, size: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._size, self._seconds, self._clock = size, seconds, clock
        self._values: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """The value, unless it is unknown or too old."""
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            if found[0] < self._clock():
                del self._values[key]
                return None
            self._values.move_to_end(key)
            return found[1]

    def put(self, key: K, value: V) -> None:
        """Remember a value from now on."""
        with self._lock:
            self._values[key] = (self._clock() + self._seconds, value)
            self._values.move_to_end(key)
            while len(self._values) > self._size:
                self._values.popitem(last=False)

    def clear(self, **_: object) -> None:
        """Forget everything. Takes what Django's signals send, so that it can be connected to them."""
        with self._lock:
            self._values.clear()


Address = tuple[str, str, str]  # dataset slug, study UID, series UID

# (credential, address) -> the series' primary key
grants: ShortMemory[tuple[str, Address], int] = ShortMemory(size=_GRANTS, seconds=GRANT_SECONDS)
