"""What the tests of jobs share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fovea.accounts.access import SITE
from fovea.jobs.models import Job
from fovea.jobs.services import job_start
from tests.fovea.jobs import kinds  # noqa: F401 - registers them
from tests.workers import until


@pytest.fixture
def start(site_admin) -> Callable[..., Job]:
    """`start("echo", say="hi")` queues a job of kind test.echo with that payload."""

    def queue(kind: str, **payload: Any) -> Job:
        return job_start(actor=site_admin, kind=f"test.{kind}", title="A job", scope=SITE, payload=payload)

    return queue


@pytest.fixture
def reach() -> Callable[[Job, str], Job]:
    """`reach(job, "succeeded")` waits until the row is in that state."""

    def wait(job: Job, state: str) -> Job:
        def there() -> bool:
            job.refresh_from_db()
            return job.state == state

        until(there, f"job {state}")
        return job

    return wait


class Notes:
    """The file that jobs of kind test.slow write to."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def words(self) -> list[str]:
        """The first word of each line: start, effect."""
        return [line.split()[0] for line in self.path.read_text().splitlines()] if self.path.exists() else []


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path / "notes")
