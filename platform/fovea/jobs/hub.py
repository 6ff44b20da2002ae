"""Live events of one web process: one connection listens to PostgreSQL and fans out to every open stream.

However many browsers watch, a process holds one connection for it, and none while nobody watches.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import psycopg
from django.db import connections

from fovea.jobs.models import CHANNEL

logger = logging.getLogger(__name__)
Event = dict[str, Any]
QUEUE_LENGTH = 1000
RECONNECT_SECONDS = 1.0
RESYNC: Event = {"type": "resync"}  # events may have been missed: read the lists anew


class Hub:
    """The streams of one event loop."""

    def __init__(self) -> None:
        self._streams: set[asyncio.Queue[Event]] = set()
        self._listener: asyncio.Task[None] | None = None
        self._listening = False

    def open(self) -> asyncio.Queue[Event]:
        """A queue of all events from now on, RESYNC first. The first one starts the listener."""
        queue: asyncio.Queue[Event] = asyncio.Queue(QUEUE_LENGTH)
        self._streams.add(queue)
        if self._listening:
            queue.put_nowait(RESYNC)
        elif self._listener is None:
            self._listener = asyncio.create_task(self._listen())
        return queue

    def close(self, queue: asyncio.Queue[Event]) -> None:
        """No more events for this queue. The last one ends the listener."""
        self._streams.discard(queue)
        if not self._streams and self._listener is not None:
            self._listener.cancel()
            self._listener, self._listening = None, False

    async def _listen(self) -> None:
        """Listen until cancelled, through every restart of the database."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(**_address(), autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self._listening = True
                    self._publish(RESYNC)
                    async for notification in connection.notifies():
                        self._publish(json.loads(notification.payload))
            except (psycopg.Error, OSError) as error:
                self._listening = False
                logger.warning("live events: the database does not answer (%s)", type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    def _publish(self, event: Event) -> None:
        for queue in self._streams:
            if queue.full():  # a reader that stands still loses the middle and is told so
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(RESYNC)
            queue.put_nowait(event)


def _address() -> dict[str, Any]:
    settings = connections["default"].settings_dict
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    address = {ours: settings[django] for django, ours in names.items() if settings.get(django)}
    options = {
        name: value for name, value in settings["OPTIONS"].items() if name.startswith(("ssl", "connect"))
    }
    return {**address, **options, "application_name": "fovea-events"}


_hubs: dict[int, tuple[asyncio.AbstractEventLoop, Hub]] = {}


def hub() -> Hub:
    """The hub of the running event loop (a process has one loop; tests have several)."""
    loop = asyncio.get_running_loop()
    known = _hubs.get(id(loop))
    if known is None or known[0] is not loop:
        known = _hubs[id(loop)] = (loop, Hub())
    return known[1]
