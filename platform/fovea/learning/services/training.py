"""What the worker does for a training run: manifest, training, judgement, registration, and scoring after it.

Every step can be repeated: the manifest and the recipe are written once, training goes on from its checkpoint, and the
model, the run's end and the job's end are one transaction. torch is imported here inside functions only.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import Max
from django.db.models.functions import Now

from annotations.models import LabelSchema
from annotations.selectors import submitted_versions
from fovea.core.errors import FoveaError, Unavailable
from fovea.datasets.models import Instance
from fovea.jobs.run import JobCancelled, JobRun
from fovea.learning.folders import (
    TRAINING_SET,
    folder_name,
    folder_path,
    tensor_cache,
    weights_file,
)
from fovea.learning.models import Run, RunPoint
from fovea.learning.services.manifests import labelled_manifest, manifest_write
from fovea.learning.services.models import judge, model_register
from fovea.learning.services.runs import LIVE, run_began
from fovea.learning.services.scoring import score_start
from fovea.learning.services.settings import settings_of
from fovea.learning.services.splits import splits_draw
from ml.data.progress import Cancelled, Progress

_POINT_SECONDS = 2.0
_SHARES = {"decode": (0.0, 0.1), "train": (0.1, 0.85), "evaluate": (0.85, 0.9), "predict": (0.9, 1.0)}


def train_run(job: JobRun) -> dict[str, Any]:
    """Do the run that the job's payload names; the result names the model."""
    run = Run.objects.select_related("project", "created_by").get(pk=job.payload["run"])
    run_began(run)
    try:
        return _train_or_stop(job, run)
    except JobCancelled:
        _end(run, "cancelled", None)
        raise
    except (OperationalError, InterfaceError, Unavailable):
        raise  # the job goes back into the queue, and the run stays what it is
    except Exception as error:
        # What the job's row will say; a job that is tried again sets the run to running again.
        code, message = _reason(error)
        with job.guard():
            _end(run, "failed", {"code": code, "message": message})
        raise


def _train_or_stop(job: JobRun, run: Run) -> dict[str, Any]:
    try:
        return _train(job, run)
    except Cancelled:
        job.check()  # says whether somebody cancelled it or another worker has it
        raise


def _train(job: JobRun, run: Run) -> dict[str, Any]:
    from ml.training.config import TrainConfig
    from ml.training.train import train

    folder = folder_path(folder_name(run))
    recipe = _prepare(job, run, folder)
    result = train(
        folder / TRAINING_SET,
        folder,
        TrainConfig.from_json(recipe),
        on_progress=_reporter(job, run),
        should_stop=job.cancelled,
        cache_dir=tensor_cache(),
    )
    job.check()
    verdict = judge(run, folder, on_progress=_reporter(job, run), should_stop=job.cancelled)
    job.check()
    with job.guard():
        model, promoted = model_register(run, result, recipe["architecture"], verdict)
        _end(run, "succeeded", None)
        scoring = score_start(actor=run.created_by, project=run.project) if promoted else None
        summary = {"model": model.pk, "promoted": promoted, "reason": verdict.reason}
        job.finish(summary | {"scoring": str(scoring.pk) if scoring else None})
    return summary


def _prepare(job: JobRun, run: Run, folder: Path) -> dict[str, Any]:
    """The recipe, with the training set written. Both are made once, so that a resumed run is the same run."""
    folder.mkdir(parents=True, exist_ok=True)
    recipe_path = folder / "recipe.json"
    if not recipe_path.exists():
        schema = LabelSchema.objects.get(project=run.project, number=run.config["schema"])
        drawn = splits_draw(
            run.project,
            submitted_versions(run.project_id),
            test_share=settings_of(run.project).test_share,
        )
        manifest = labelled_manifest(run.project, schema.spec)
        sha256 = manifest_write(manifest, folder / TRAINING_SET)
        sizes = {split: len(manifest.split(split)) for split in ("train", "val", "test")}
        recipe = _recipe(run, manifest.task, sizes["train"])
        Run.objects.filter(pk=run.pk).update(
            manifest_sha256=sha256,
            config={**run.config, "recipe": recipe, "splits": sizes},
        )
        recipe_path.write_text(json.dumps(recipe))
        job.log(
            f"{sizes['train']} items to learn from, {sizes['val']} to validate, {sizes['test']} held out."
        )
        if drawn:
            job.log(f"{drawn} items were given a split, by patient; it stays.")
    return json.loads(recipe_path.read_text())


def _recipe(run: Run, task: Any, labels: int) -> dict[str, Any]:
    from dataclasses import replace

    from ml.inference.batches import pick_device
    from ml.training.config import TrainConfig

    asked = dict(run.config.get("asked", {}))
    sides = Instance.objects.filter(series__dataset_id=run.project.dataset_id, kind="image")
    largest = sides.aggregate(rows=Max("rows"), columns=Max("columns"))
    config = TrainConfig.for_task(
        task,
        labels=labels,
        preset=asked.pop("preset", "auto"),
        device=pick_device(settings.FOVEA_DEVICE).type,
        side=max(largest["rows"] or 0, largest["columns"] or 0),
    )
    asked["weights"] = weights_file(asked.get("weights", config.weights))
    return replace(config, device=settings.FOVEA_DEVICE, **asked).to_json()


def _reporter(job: JobRun, run: Run) -> Callable[[Progress], None]:
    """Progress of the engine to the job's bar and, every other second, to the run's curves."""
    last: dict[str, Any] = {"at": 0.0, "metric": None}

    def report(progress: Progress) -> None:
        start, end = _SHARES.get(progress.phase, (0.0, 1.0))
        done = progress.step / max(1, progress.steps)
        job.progress(start + (end - start) * done, _stage(progress))
        due = time.monotonic() - last["at"] >= _POINT_SECONDS or progress.metric != last["metric"]
        if progress.phase == "train" and (due or progress.step == progress.steps):
            last.update(at=time.monotonic(), metric=progress.metric)
            RunPoint.objects.update_or_create(
                run=run,
                step=progress.step,
                defaults={
                    "values": {"loss": progress.loss, "metric": progress.metric, "steps": progress.steps}
                },
            )

    return report


def _stage(progress: Progress) -> str:
    names = {"decode": "Reading images", "train": "Training", "evaluate": "Evaluating", "predict": "Judging"}
    text = f"{names.get(progress.phase, progress.phase)}: {progress.step} of {progress.steps}"
    return f"{text}, loss {progress.loss:.3f}" if progress.loss is not None else text


def _end(run: Run, state: str, error: dict[str, str] | None) -> None:
    Run.objects.filter(pk=run.pk, state__in=LIVE).update(state=state, error=error, finished_at=Now())


def _reason(error: Exception) -> tuple[str, str]:
    if isinstance(error, FoveaError):
        return error.error_code, error.message
    if isinstance(reason := getattr(error, "reason", None), str):
        return reason, str(error)
    return "internal", "An error in the program stopped it; the worker's log tells more."
