"""pgmq:// on the embedded PostgreSQL, with real worker processes: what is killed loses no task."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery.worker import state
from kombu import Connection, Consumer, Message, Producer, Queue
from psycopg import OperationalError

from fovea.embedded import broker, postgres
from tests.fovea.embedded.stage import PATIENCE, Stage


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


def test_worker_that_is_leaving_begins_nothing_new(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"conn_string": stage.database.url, "init_extension": False, "wait_time_seconds": 0}
    with Connection(
        transport="fovea.embedded.transport:Transport", transport_options={**options, "polling_interval": 0.1}
    ) as connection:
        channel = connection.channel()
        got: list[Message] = []
        with Consumer(
            channel,
            [Queue("default", channel=channel)],
            callbacks=[lambda body, message: got.append(message)],
        ):
            Producer(channel, routing_key="default").publish({"job": 1})
            monkeypatch.setattr(state, "should_stop", 0)
            with pytest.raises(TimeoutError):
                connection.drain_events(timeout=1)
            assert not got
            monkeypatch.setattr(state, "should_stop", None)
            connection.drain_events(timeout=PATIENCE)
            assert len(got) == 1
