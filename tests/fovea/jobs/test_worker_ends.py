"""Workers that die and workers that are told to end: what becomes of their jobs."""

import pytest

from fovea.jobs.models import WorkerBeat
from tests.workers import until

KINDS = ("tests.fovea.jobs.kinds",)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_a_killed_worker_s_job_goes_on_in_the_next_and_a_worker_that_ends_gives_its_job_back(
    worker, start, reach, notes
):
    first = worker(modules=KINDS)
    job = start("slow", file=str(notes.path), steps=10)
    until(lambda: notes.words == ["start"], "the job runs")
    first.kill()
    second = worker(modules=KINDS)
    reach(job, "succeeded")
    assert notes.words == ["start", "start", "effect"]

    endless = start("slow", file=str(notes.path), steps=5000)
    until(lambda: len(notes.words) == 4, "the next job runs")
    second.stop()
    endless.refresh_from_db()
    assert (endless.state, endless.attempts) == ("queued", 0)
    assert notes.words.count("effect") == 1
    assert not WorkerBeat.objects.filter(name__startswith=second.log.stem).exists()
