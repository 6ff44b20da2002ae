"""A real worker, killed in the middle of training."""

from __future__ import annotations

import json

import pytest

from fovea.jobs.models import Job
from fovea.learning.folders import folder_name, folder_path
from fovea.learning.models import Prediction, Run, RunPoint, TrainedModel
from fovea.learning.services.runs import run_cancel, run_start
from tests.workers import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
THREADS = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def state_of(job_id):
    return Job.objects.values_list("state", flat=True).get(pk=job_id)


def test_training_goes_on_from_its_checkpoint_after_its_worker_was_killed(image_project, worker):
    made = image_project(images=16, labelled=12)
    config = {"steps": 600, "size": 32, "epochs": 60, "batch_size": 8, "architecture": "small_cnn"}
    run = run_start(actor=made.scientist, project=made.project, config=config)
    checkpoint = folder_path(folder_name(run)) / "checkpoint.json"
    first = worker(queues="learning", **THREADS)
    until(checkpoint.exists, "a checkpoint")
    first.kill()
    reached = json.loads(checkpoint.read_text())["step"]
    assert 0 < reached < 600
    RunPoint.objects.all().delete()

    worker(queues="learning", **THREADS)
    until(lambda: state_of(run.job_id) == "succeeded", "the run ends", patience=180)
    run = Run.objects.get(pk=run.pk)
    assert run.state == "succeeded"
    assert Job.objects.get(pk=run.job_id).attempts == 2
    assert min(run.points.values_list("step", flat=True)) > reached
    model = TrainedModel.objects.get(project=made.project)
    assert model.metrics["steps"] == 600

    scoring = until(lambda: Job.objects.filter(kind="score").first(), "scoring is queued")
    until(lambda: state_of(scoring.pk) == "succeeded", "scoring ends", patience=180)
    assert Prediction.objects.filter(model=model).count() == 4


def test_a_run_that_trains_is_cancelled(image_project, worker):
    made = image_project(images=16, labelled=12)
    config = {"steps": 100_000, "size": 32, "batch_size": 8, "architecture": "small_cnn"}
    run = run_start(actor=made.scientist, project=made.project, config=config)
    worker(queues="learning", **THREADS)
    until(lambda: RunPoint.objects.filter(run=run).exists(), "it trains", patience=180)
    run_cancel(actor=made.scientist, run=run)
    until(lambda: Run.objects.get(pk=run.pk).state == "cancelled", "it stops")
    assert state_of(run.job_id) == "cancelled"
    assert not TrainedModel.objects.exists()
