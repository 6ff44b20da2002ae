"""The services a machine runs already, in the embedded ones' place. `.ci/run` names those that answer."""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tests.fovea.embedded.stage import Stage

pytestmark = pytest.mark.services


def service(name: str) -> str:
    """The address in the environment variable, or a skip in one line."""
    url = os.environ.get(name)
    if not url:
        pytest.skip(f"{name} is not set: no such service to try")
    return url


@pytest.fixture
def database_url() -> Iterator[str]:
    """A new database on the machine's own PostgreSQL."""
    server = service("FOVEA_TEST_POSTGRES")
    name = f"fovea_ci_{uuid.uuid4().hex[:8]}"
    with closing(psycopg2.connect(server)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {name}")
        yield f"{server.rsplit('/', 1)[0]}/{name}"
        connection.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_database_of_the_machine_is_prepared_twice_the_same(database_url: str, tmp_path: Path) -> None:
    paths = os.pathsep.join(filter(None, sys.path))
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "FOVEA_HOME": str(tmp_path),
        "PYTHONPATH": paths,
    }
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    reports = []
    for _ in range(2):
        ran = subprocess.run(
            [sys.executable, "-m", "fovea.embedded.prepare"], env=environment, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr
        reports.append(json.loads(ran.stdout.splitlines()[-1]))
    assert reports[0]["migrations"] > 0
    assert reports[1]["migrations"] == 0


@pytest.mark.parametrize("name", ["FOVEA_TEST_REDIS", "FOVEA_TEST_RABBITMQ"])
def test_worker_runs_tasks_over_it(name: str, tmp_path: Path) -> None:
    stage = Stage(tmp_path, service(name), queue=f"fovea-ci-{uuid.uuid4().hex[:8]}")
    try:
        stage.worker()
        stage.send((1, 0.0), (2, 0.0))
        stage.until(lambda: stage.count("what = 'end'") == 2, "both tasks ran")
    finally:
        stage.close()


def test_rabbitmq_gives_a_killed_workers_task_to_another(tmp_path: Path) -> None:
    stage = Stage(tmp_path, service("FOVEA_TEST_RABBITMQ"), queue=f"fovea-ci-{uuid.uuid4().hex[:8]}")
    try:
        first = stage.worker()
        stage.send((1, 600.0))
        stage.until(lambda: stage.count("what = 'start'") == 1, "the first worker has it")
        stage.execute("DELETE FROM trace")
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        stage.worker()
        stage.until(lambda: stage.count("what = 'start'") == 1, "the second worker has it")
    finally:
        stage.close()
