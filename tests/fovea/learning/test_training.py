from __future__ import annotations

import pytest

from fovea.jobs.models import Job
from fovea.learning.models import Prediction, QueueEntry, Score, TrainedModel
from fovea.learning.services.runs import run_start

QUICK = {"steps": 30, "size": 32, "epochs": 2, "batch_size": 8}


def job_of(kind):
    return Job.objects.filter(kind=kind).latest("created_at")


@pytest.mark.parametrize("masks", [False, True], ids=["classification", "segmentation"])
def test_a_run_makes_a_model_that_scores_ranks_and_fills_in(image_project, run_job, masks):
    made = image_project(images=24, labelled=16, masks=masks)
    config = QUICK | {"architecture": "small_unet" if masks else "small_cnn"}
    run = run_start(actor=made.scientist, project=made.project, config=config)
    job = run_job(Job.objects.get(pk=run.job_id))
    assert job.state == "succeeded", job.error

    run.refresh_from_db()
    assert run.state == "succeeded"
    assert run.points.count() >= 1
    model = TrainedModel.objects.get(project=made.project)
    assert model.state == "production"
    assert model.metrics["headline"]["value"] is not None

    scoring = run_job(job_of("score"))
    assert scoring.state == "succeeded", scoring.error
    waiting = QueueEntry.objects.filter(project=made.project, state="waiting")
    assert Score.objects.filter(model=model).count() == waiting.count() == 8
    assert sorted(waiting.values_list("rank", flat=True)) == list(range(1, 9))
    assert all(waiting.values_list("reason", flat=True))
    assert Prediction.objects.filter(model=model).count() == 8
