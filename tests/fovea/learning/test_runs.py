from __future__ import annotations

import pytest

from fovea.core.errors import Conflict, Forbidden, Invalid, NotFound
from fovea.jobs.models import Job
from fovea.jobs.services import job_cancel
from fovea.learning.models import LearningSettings, Run
from fovea.learning.selectors.runs import run_get
from fovea.learning.services.readiness import TooFewLabels
from fovea.learning.services.runs import run_cancel, run_start
from fovea.learning.services.schedule import retrain_due
from fovea.learning.services.settings import settings_change


def start(made, **options):
    return run_start(actor=made.scientist, project=made.project, **options)


def test_too_few_labels_say_what_is_missing(image_project):
    made = image_project(images=8, labelled=3)
    with pytest.raises(TooFewLabels) as refusal:
        start(made)
    assert refusal.value.details == {"missing": {"no": 1, "yes": 2}, "labelled": 3}
    assert "2 more of “yes”" in refusal.value.message


def test_too_few_masks_say_how_many(image_project):
    made = image_project(images=8, labelled=4, masks=True)
    with pytest.raises(TooFewLabels) as refusal:
        start(made)
    assert refusal.value.details["missing"] == {"segmented": 1}


def test_a_project_that_asks_nothing_is_not_trained(make_project, join):
    project = make_project(3)
    with pytest.raises(Conflict) as refusal:
        run_start(actor=join(project, "data_scientist"), project=project)
    assert refusal.value.error_code == "no_schema"


def test_one_run_at_a_time(image_project):
    made = image_project(labelled=8)
    run = start(made)
    with pytest.raises(Conflict) as refusal:
        start(made)
    assert refusal.value.error_code == "run_live"
    assert refusal.value.details == {"run": run.pk}


def test_who_may_not_train_is_refused(image_project, join):
    made = image_project(labelled=8)
    with pytest.raises(Forbidden):
        run_start(actor=made.reader, project=made.project)
    with pytest.raises(NotFound):
        run_start(actor=image_project(images=2, labelled=0).scientist, project=made.project)


@pytest.mark.parametrize(
    "config",
    [
        {"folder": "/etc"},
        {"architecture": "no_such"},
        {"architecture": "resnet18"},
        {"size": 10**6},
        {"steps": "many"},
    ],
)
def test_a_recipe_that_cannot_be_is_refused(image_project, config):
    made = image_project(labelled=8, masks=True)
    with pytest.raises(Invalid):
        start(made, config=config)
    assert not Run.objects.exists()


def test_a_queued_run_is_cancelled_at_once_and_makes_room(image_project):
    made = image_project(labelled=8)
    run = run_cancel(actor=made.scientist, run=start(made))
    assert run.state == "cancelled"
    assert start(made).number == run.number + 1


def test_a_run_whose_job_ended_elsewhere_is_shown_as_over_and_makes_room(image_project):
    made = image_project(labelled=8)
    run = start(made)
    job_cancel(actor=made.scientist, job=Job.objects.get(pk=run.job_id))
    assert run_get(actor=made.scientist, run_id=run.pk).now == "cancelled"

    Run.objects.filter(pk=run.pk).update(state="running")
    assert run_get(actor=made.scientist, run_id=run.pk).now == "cancelled"
    assert start(made).number == 2


def test_enough_new_labels_start_a_run_once(image_project):
    made = image_project(labelled=8)
    assert retrain_due() == []
    settings_change(actor=made.scientist, project=made.project, auto_every=8)

    started = retrain_due()
    assert [run.trigger for run in started] == ["labels"]
    assert retrain_due() == []

    Run.objects.update(state="succeeded", labelled=8)
    assert retrain_due() == []
    made.label(range(8, 16))
    assert len(retrain_due()) == 1


def test_the_clock_starts_a_run_only_when_there_is_something_new(image_project):
    made = image_project(labelled=8)
    settings_change(actor=made.scientist, project=made.project, every_hours=1)
    assert [run.trigger for run in retrain_due()] == ["schedule"]

    Run.objects.update(state="succeeded", labelled=8)
    made.label([8])
    assert retrain_due() == []
    Run.objects.update(created_at="2020-01-01T00:00:00Z")
    assert len(retrain_due()) == 1


def test_a_project_that_is_not_ready_does_not_stop_the_others(image_project):
    for labelled in (2, 8):
        made = image_project(labelled=labelled)
        LearningSettings.objects.create(project=made.project, auto_every=1)
    assert len(retrain_due()) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"strategy": "guess"},
        {"architecture": "guess"},
        {"random_share": 2},
        {"test_share": 0},
        {"options": {"shell": "rm"}},
        {"options": {"noise": "loud"}},
        {"options": {"size": "big"}},
    ],
)
def test_settings_that_cannot_be_are_refused(image_project, change):
    made = image_project(images=2, labelled=0)
    with pytest.raises(Invalid):
        settings_change(actor=made.scientist, project=made.project, **change)
    assert not LearningSettings.objects.exists()
