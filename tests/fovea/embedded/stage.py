"""An embedded database from the wheel and real worker processes on it, for the tests of the brokers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
from kombu import Connection, Exchange, Queue

from fovea.embedded import broker, postgres

HERE = Path(__file__).parent
PATIENCE = 60  # seconds until a test gives up; nothing is asserted about how fast it was


class Stage:
    """One embedded database, and the worker processes a test starts on it; `broker_url` empty means pgmq."""

    def __init__(self, home: Path, broker_url: str = "", queue: str = "default") -> None:
        self.home, self.broker_url, self.queue = home, broker_url, queue
        self.database = postgres.start(home)
        self.workers: list[subprocess.Popen[bytes]] = []
        broker.ensure_queues(self.database.url)
        self.execute("CREATE TABLE trace (number int, what text)")

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("CELERY_", "DJANGO_"))
            },
            "DATABASE_URL": self.database.url,
            "FOVEA_HOME": str(self.home),
            "CELERY_BROKER_URL": self.broker_url,
            "PROBE_QUEUE": self.queue,
            "PYTHONPATH": os.pathsep.join([str(HERE), *filter(None, sys.path)]),
        }

    def worker(self) -> subprocess.Popen[bytes]:
        command = ["celery", "-A", "celery_probe", "worker", "-Q", self.queue, "-c", "1", "-l", "INFO"]
        log = (self.home / f"worker{len(self.workers)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", *command, "--without-gossip", "--without-mingle", "--without-heartbeat"],
            env=self.environment,
            cwd=self.home,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        self.workers.append(process)
        return process

    def send(self, *tasks: tuple[int, float]) -> None:
        code = (
            "import sys, json, celery_probe as p; [p.leave_trace.delay(*a) for a in json.loads(sys.argv[1])]"
        )
        arguments = str([list(task) for task in tasks])
        subprocess.run(
            [sys.executable, "-c", code, arguments], env=self.environment, cwd=self.home, check=True
        )

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        with (
            closing(psycopg2.connect(self.database.url)) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def count(self, where: str) -> int:
        return int(str(self.execute(f"SELECT count(DISTINCT number) FROM trace WHERE {where}")[0][0]))

    def until(self, ready: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not ready():
            if time.monotonic() > deadline:
                logs = "\n".join(log.read_text()[-3000:] for log in self.home.glob("worker*.log"))
                raise AssertionError(f"waited in vain: {what}\n{self.execute('SELECT * FROM trace')}\n{logs}")
            time.sleep(0.1)

    def close(self) -> None:
        for process in self.workers:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        postgres.stop(self.home, timeout=5)
        if self.broker_url:  # the machine's own: leave nothing in it
            with Connection(self.broker_url) as connection:
                queue = Queue(self.queue, Exchange(self.queue), self.queue, channel=connection.channel())
                queue.declare()  # kombu's Redis transport forgets only bindings it knows of
                queue.delete()
                queue.exchange.delete()
