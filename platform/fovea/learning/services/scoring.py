"""Scoring: the production model looks at everything that waits, in chunks; then ranks and proposals follow.

A chunk is one manifest, one run of the engine and one bulk write. The engine keeps what a model has scored, so a job that
is tried again, and a model that is rolled back to, only score what is new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any, TypedDict

from django.conf import settings
from django.db import transaction

from annotations.models import LabelSchema
from fovea.accounts.access import Actor, require
from fovea.audit.services import event_record
from fovea.datasets.models import Project
from fovea.jobs.models import Job
from fovea.jobs.run import JobRun
from fovea.jobs.services import job_start
from fovea.learning.folders import LABELLED, SCORES, TRAINING_SET, folder_path, tensor_cache
from fovea.learning.models import LearningSettings, ModelState, QueueEntry, QueueState, Score, TrainedModel
from fovea.learning.services.manifests import manifest_write, pool_manifest
from fovea.learning.services.prefill import prefill_front
from fovea.learning.services.ranking import needs_embeddings, rank_plan, ranks_write
from fovea.learning.services.score_rows import scores_write
from fovea.learning.services.settings import check_strategy, settings_of
from ml.data.manifest import read_manifest
from ml.data.progress import Cancelled, OnProgress, Progress

CHUNK = 20_000


def score_start(*, actor: Actor | None, project: Project, fresh: bool = False) -> Job | None:
    """Queue the scoring of what waits, by the model in production; None when there is none.

    Whoever promotes a model or adds images has been asked already. `fresh`: new items came, so a job that runs
    already does not count as this one.
    """
    model = TrainedModel.objects.filter(project=project, state=ModelState.PRODUCTION).first()
    if model is None:
        return None
    return job_start(
        actor=actor,
        kind="score",
        title=f"Score what waits in {project.name} with model {model.number}",
        scope=project.scope,
        payload={"project": project.pk, "model": model.pk},
        dedupe_key=f"{'new' if fresh else 'all'}:{model.pk}",
    )


@transaction.atomic
def rank_start(*, actor: Actor, project: Project, strategy: str = "") -> Job:
    """Queue a new ranking. A named strategy becomes the project's, so that later rankings agree. Raises Invalid."""
    require(actor, "queue.rank", project.scope)
    if strategy:
        check_strategy(strategy)
        LearningSettings.objects.update_or_create(project=project, defaults={"strategy": strategy})
        event_record(
            actor=actor,
            action="queue.rank",
            scope=project.scope,
            target=f"project:{project.pk}",
            strategy=strategy,
        )
    return rank_queue(actor=actor, project=project)


def rank_queue(*, actor: Actor | None, project: Project) -> Job:
    """`rank_start` without the permission check, for what the queue starts itself."""
    return job_start(
        actor=actor,
        kind="rank",
        title=f"Rank the queue of {project.name}",
        scope=project.scope,
        payload={"project": project.pk},
        dedupe_key=str(project.pk),
    )


def score_run(job: JobRun) -> dict[str, Any]:
    """Score, rank and pre-fill. Ends early, saying so, when another model has taken over."""
    model = TrainedModel.objects.select_related("project", "run").get(pk=job.payload["model"])
    try:
        scored = score_pool(job, model)
        if not _serves(model):
            return {"scored": scored, "superseded": True}
        Score.objects.filter(model__project_id=model.project_id).exclude(model=model).delete()
        job.progress(0.85, "Ranking")
        ranking = rank(job, model.project, model)
        filled = prefill_front(model, **stages(job, 0.88, 1.0))
    except Cancelled:
        job.check()
        raise
    return {"scored": scored, **ranking, "prefilled": filled}


def rank_run(job: JobRun) -> dict[str, Any]:
    """Rank again what is scored, and pre-fill the new front."""
    project = Project.objects.get(pk=job.payload["project"])
    model = (
        TrainedModel.objects.filter(project=project, state=ModelState.PRODUCTION)
        .select_related("project", "run")
        .first()
    )
    ranking = rank(job, project, model)
    try:
        filled = prefill_front(model, **stages(job, 0.2, 1.0)) if model else 0
    except Cancelled:
        job.check()
        raise
    return {**ranking, "prefilled": filled}


def rank(job: JobRun, project: Project, model: TrainedModel | None) -> dict[str, Any]:
    """Plan the ranking, then write it if the job is still this run's; only the writing holds the job's row."""
    if model and needs_embeddings(settings_of(project).strategy):
        score_labelled(job, model)
    plan = rank_plan(project, model)
    if plan.rows:  # none while a new model has not scored anything: what is ranked stays so
        with job.guard():
            ranks_write(project.pk, plan.strategy, plan.rows)
    if plan.note:
        job.log(plan.note)
    return {"ranked": len(plan.rows), "strategy": plan.strategy}


def score_pool(job: JobRun, model: TrainedModel) -> int:
    """Score every waiting item of the model's project; returns how many rows were written."""
    from ml.inference.score import load_scores, score

    folder, spec = folder_path(model.folder), spec_of(model)
    chunks = list(_chunks(model.project_id))
    written = 0
    for place, (number, item_ids) in enumerate(chunks):
        manifest = pool_manifest(model.project, spec, item_ids)
        manifest_path = folder / "pool" / f"{number}.json"
        manifest_write(manifest, manifest_path)
        share = 0.85 / len(chunks)
        result = score(
            folder,
            manifest_path,
            folder / SCORES / str(number),
            device=settings.FOVEA_DEVICE,
            cache_dir=tensor_cache(),
            **stages(job, place * share, (place + 1) * share),
        )
        job.check()
        written += scores_write(model.pk, load_scores(result.path))
        job.log(
            f"{result.scored} items scored, {result.reused} known already ({result.items_per_second:.0f} a second)."
        )
    return written


def score_labelled(job: JobRun, model: TrainedModel) -> None:
    """Embeddings of what the model was trained on, for strategies that look for what is unlike it."""
    from ml.inference.score import score

    folder = folder_path(model.folder)
    score(
        folder,
        folder / TRAINING_SET,
        folder / LABELLED,
        ids=[item.id for item in read_manifest(folder / TRAINING_SET).items],
        device=settings.FOVEA_DEVICE,
        cache_dir=tensor_cache(),
        **stages(job, 0.85, 0.88),
    )
    job.check()


def spec_of(model: TrainedModel) -> dict[str, Any]:
    """What the model was trained to answer: the schema of its run."""
    number = model.run.config["schema"]
    return LabelSchema.objects.get(project_id=model.project_id, number=number).spec


class Stages(TypedDict):
    """What the engine's functions take to report and to be stopped."""

    on_progress: OnProgress
    should_stop: Callable[[], bool]


def stages(job: JobRun, start: float, end: float) -> Stages:
    """What the engine's functions take to report into this part of the job's bar, and to be stopped."""
    names = {"decode": "Reading images", "score": "Scoring", "predict": "Drawing proposals"}

    def report(progress: Progress) -> None:
        done = progress.step / max(1, progress.steps)
        text = f"{names.get(progress.phase, progress.phase)}: {progress.step} of {progress.steps}"
        job.progress(start + (end - start) * done, text)

    return {"on_progress": report, "should_stop": job.cancelled}


def _chunks(project_id: int) -> Iterator[tuple[int, list[int]]]:
    waiting = QueueEntry.objects.filter(project_id=project_id, state=QueueState.WAITING)
    ids = waiting.order_by("item_id").values_list("item_id", flat=True).iterator(chunk_size=CHUNK)
    for number, members in groupby(ids, key=lambda item_id: item_id // CHUNK):
        yield number, list(members)


def _serves(model: TrainedModel) -> bool:
    return TrainedModel.objects.filter(pk=model.pk, state=ModelState.PRODUCTION).exists()
