"""A broker that the machine runs, reached over lines that a test can cut."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import uuid
from urllib.parse import urlsplit, urlunsplit

import pytest
from kombu import Connection, Exchange, Queue

NAMED = [name for name in ("FOVEA_TEST_REDIS", "FOVEA_TEST_RABBITMQ") if os.environ.get(name)]


def skip_without_any() -> None:
    """Leave a test module out, in one line, where no broker is named."""
    if not NAMED:
        pytest.skip("neither FOVEA_TEST_REDIS nor FOVEA_TEST_RABBITMQ is set", allow_module_level=True)


class Line:
    """A TCP line to a server: `port` here leads there, until it is cut."""

    def __init__(self, host: str, port: int) -> None:
        self._there = (host, port)
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Every connection breaks and none is taken."""
        for end in (self._listener, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends = []

    def mend(self) -> None:
        """Take connections again, on the same port."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self._there)
                self._ends += [near, far]
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=_pump, args=ends, daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


class Broker:
    """The broker at `address`, with a queue of this run's own and one line each for web and workers."""

    def __init__(self, address: str) -> None:
        self._address, self._parts = address, urlsplit(address)
        self.queue = f"fovea-t-{uuid.uuid4().hex[:8]}"  # as long as a job's queue may be called
        where = (self._parts.hostname or "127.0.0.1", self._parts.port or 0)
        self.web, self.workers = Line(*where), Line(*where)

    def url(self, line: Line) -> str:
        """The broker's address over that line."""
        who, at, _ = self._parts.netloc.rpartition("@")
        return urlunsplit(self._parts._replace(netloc=f"{who}{at}127.0.0.1:{line.port}"))

    def lose_messages(self) -> int:
        """Throw away what waits in the queue; how many messages that were."""
        with Connection(self._address) as connection:
            return self._declared(connection).purge()

    def close(self) -> None:
        """Leave nothing behind in a service that is not ours."""
        self.web.cut()
        self.workers.cut()
        with Connection(self._address) as connection:
            queue = self._declared(connection)
            queue.delete()
            queue.exchange.delete()
            if self._parts.scheme == "redis":
                self._forget_unacknowledged(connection.default_channel.client)

    def _declared(self, connection: Connection) -> Queue:
        queue = Queue(self.queue, Exchange(self.queue), self.queue, channel=connection.default_channel)
        queue.declare()  # kombu's Redis transport knows only what this connection has declared
        return queue

    def _forget_unacknowledged(self, redis: object) -> None:
        """What a killed worker had taken stays in kombu's hash until its time runs out."""
        for tag, entry in redis.hgetall("unacked").items():  # type: ignore[attr-defined]
            if json.loads(entry)[2] == self.queue:
                redis.hdel("unacked", tag)  # type: ignore[attr-defined]
                redis.zrem("unacked_index", tag)  # type: ignore[attr-defined]
