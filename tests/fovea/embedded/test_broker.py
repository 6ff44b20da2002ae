"""pgmq:// on the embedded PostgreSQL, with real worker processes: what is killed loses no task."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from kombu import Connection, Consumer, Message, Producer, Queue
from psycopg import OperationalError

from fovea.embedded import broker, postgres

HERE = Path(__file__).parent
PATIENCE = 60  # seconds until a test gives up; nothing is asserted about how fast it was


class Stage:
    """One embedded database from the wheel, and the worker processes a test starts on it."""

    def __init__(self, home: Path) -> None:
        self.home = home
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
            "PROBE_VISIBILITY": "3",
            "PYTHONPATH": os.pathsep.join([str(HERE), *filter(None, sys.path)]),
        }

    def worker(self) -> subprocess.Popen[bytes]:
        command = ["celery", "-A", "celery_probe", "worker", "-Q", "default", "-c", "1", "-l", "INFO"]
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


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setenv("FOVEA_POSTGRES", "wheel")
    stage = Stage(tmp_path)
    yield stage
    stage.close()


def test_queues_are_installed_once_without_superuser(stage: Stage) -> None:
    broker.ensure_queues(stage.database.url)
    names = {name for (name,) in stage.execute("SELECT queue_name FROM pgmq.meta")}
    assert names == set(broker.QUEUES)


@pytest.mark.slow
def test_killed_worker_and_killed_server_lose_no_task(stage: Stage) -> None:
    first = stage.worker()
    stage.send((1, 600.0))
    stage.until(
        lambda: stage.count("number = 1 AND what = 'start'") == 1, "the first worker has the long task"
    )
    stage.execute("DELETE FROM trace")
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()

    second = stage.worker()
    stage.until(
        lambda: stage.count("number = 1 AND what = 'start'") == 1, "the killed worker's task came again"
    )
    os.killpg(second.pid, signal.SIGKILL)
    second.wait()
    stage.execute("SELECT pgmq.purge_queue('default')")

    third = stage.worker()
    stage.send(*[(number, 0.1) for number in range(10, 30)])
    stage.until(lambda: stage.count("what = 'end' AND number >= 10") >= 3, "the queue moves")
    os.kill(stage.database.pid, signal.SIGKILL)
    stage.database = postgres.start(stage.home)
    stage.until(lambda: stage.count("what = 'end' AND number >= 10") == 20, "all queued tasks ran")
    stage.send((40, 0.0))
    stage.until(lambda: stage.count("what = 'end' AND number = 40") == 1, "a new task runs")
    assert third.poll() is None, "the worker found the server again by itself"
    stage.until(
        lambda: stage.execute("SELECT count(*) FROM pgmq.q_default") == [(0,)], "nothing is left over"
    )


def test_failed_acknowledgement_frees_the_slot_and_the_message_returns(stage: Stage) -> None:
    options = {"conn_string": stage.database.url, "init_extension": False, "wait_time_seconds": 0}
    with Connection(
        transport="fovea.embedded.transport:Transport",
        transport_options={**options, "polling_interval": 0.1, "visibility_timeout": 1},
    ) as connection:
        channel = connection.channel()
        channel.basic_qos(0, 1, False)
        got: list[Message] = []
        queue = Queue("default", channel=channel)
        with Consumer(channel, [queue], callbacks=[lambda body, message: got.append(message)]):
            Producer(channel, routing_key="default").publish({"job": 1})
            connection.drain_events(timeout=PATIENCE)
            stage.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = user AND pid <> pg_backend_pid()"
            )
            with pytest.raises(OperationalError):
                got[0].ack()
            connection.drain_events(timeout=PATIENCE)  # a taken slot would let this time out
            got[1].ack()
    assert [message.payload for message in got] == [{"job": 1}] * 2
    assert stage.execute("SELECT count(*) FROM pgmq.q_default") == [(0,)]
