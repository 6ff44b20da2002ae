"""The registry of models: candidate → production, by improvement or by hand; roll back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from fovea.accounts.access import Actor, require
from fovea.audit.services import event_record
from fovea.core.errors import Conflict
from fovea.datasets.models import Project
from fovea.learning.cases import SURE, Cases, cases_of, cases_write, compare, held_out
from fovea.learning.folders import (
    CASES,
    PREDICTIONS,
    TRAINING_SET,
    folder_name,
    folder_path,
    tensor_cache,
)
from fovea.learning.models import ModelEvent, ModelState, Run, TrainedModel
from fovea.learning.services.scoring import score_start
from fovea.learning.services.settings import settings_of
from ml.data.manifest import read_manifest
from ml.data.progress import OnProgress

if TYPE_CHECKING:
    from ml.training.train import TrainResult


@dataclass(frozen=True)
class Verdict:
    """Whether a new model should serve, and why, in words for the model's page."""

    promote: bool
    reason: str


def judge(run: Run, folder: Path, *, on_progress: OnProgress, should_stop: Callable[[], bool]) -> Verdict:
    """Compare a new model with the one in production, case by case on the same held-out items.

    The held-out set may have grown by new patients since, so the serving model is judged again on today's.
    """
    production = production_model(run.project_id)
    new = _judged(folder, folder, on_progress, should_stop)
    if production is None:
        return Verdict(True, "The first model: there was none in production.")
    old = _judged(folder_path(production.folder), folder, on_progress, should_stop)
    found = compare(old, new)
    if found is None:
        return Verdict(False, f"Only {len(new.scores)} held-out cases are labelled: too few to tell.")
    gain = (
        f"{found.difference.estimate:+.3f} per case on {found.wins + found.losses + found.ties} held-out cases "
        f"against model {production.number} (p = {found.p_value:.2f})"
    )
    if found.difference.estimate > 0 and found.p_value < SURE:
        return Verdict(True, f"Better: {gain}.")
    return Verdict(False, f"Not better beyond chance: {gain}.")


def model_register(
    run: Run, result: TrainResult, architecture: str, verdict: Verdict
) -> tuple[TrainedModel, bool]:
    """The run's model as a candidate, promoted at once when the verdict and the project's settings say so."""
    number = (TrainedModel.objects.filter(project=run.project).aggregate(n=Max("number"))["n"] or 0) + 1
    headline = result.metrics["headline"]
    model, _ = TrainedModel.objects.get_or_create(
        run=run,
        defaults={
            "project": run.project,
            "number": number,
            "architecture": architecture,
            "folder": folder_name(run),
            "weights_sha256": result.weights_sha256,
            "metrics": result.metrics,
            "headline": headline["name"][:30],
            "headline_value": headline["value"],
            "labelled": Run.objects.values_list("labelled", flat=True).get(pk=run.pk),
        },
    )
    promote = verdict.promote and settings_of(run.project).auto_promote
    if promote:
        _serve(model, action="promoted", reason=verdict.reason, actor=None)
    else:
        ModelEvent.objects.create(model=model, action="registered", reason=verdict.reason[:200])
    return model, promote


@transaction.atomic
def model_promote(*, actor: Actor, model: TrainedModel) -> TrainedModel:
    """Let a model serve: it scores the pool and pre-fills from now on. Raises Conflict when it already does."""
    require(actor, "model.promote", model.project.scope)
    if model.state == ModelState.PRODUCTION:
        raise Conflict("This model is in production already.", code="in_production")
    _serve(model, action="promoted", reason="By hand", actor=actor)
    score_start(actor=actor, project=model.project)
    return model


@transaction.atomic
def model_roll_back(*, actor: Actor, project: Project) -> TrainedModel:
    """Let the model serve that served before; today's returns to the candidates. Raises Conflict when there is none."""
    require(actor, "model.promote", project.scope)
    current = production_model(project.pk)
    before = (
        ModelEvent.objects.filter(model__project=project, action="promoted", model__state=ModelState.RETIRED)
        .select_related("model__project")
        .order_by("-id")
        .first()
    )
    if current is None or before is None:
        raise Conflict("No model served before this one; there is nothing to roll back to.", code="no_model")
    reason = f"Rolled back from model {current.number}"
    TrainedModel.objects.filter(pk=current.pk).update(state=ModelState.CANDIDATE)
    ModelEvent.objects.create(model=current, action="rolled_back", actor_id=actor.pk)
    _serve(before.model, action="promoted", reason=reason, actor=actor)
    score_start(actor=actor, project=project)
    return before.model


def production_model(project_id: int) -> TrainedModel | None:
    """The model that serves, if any."""
    rows = TrainedModel.objects.select_related("project", "run")
    return rows.filter(project_id=project_id, state=ModelState.PRODUCTION).first()


def _serve(model: TrainedModel, *, action: str, reason: str, actor: Actor | None) -> None:
    serving = TrainedModel.objects.select_for_update().filter(
        project=model.project, state=ModelState.PRODUCTION
    )
    list(serving)  # locked, so that of two promotions at once one waits
    serving.update(state=ModelState.RETIRED)
    TrainedModel.objects.filter(pk=model.pk).update(state=ModelState.PRODUCTION)
    model.state = ModelState.PRODUCTION
    actor_id = actor.pk if actor else None
    ModelEvent.objects.create(model=model, action=action, reason=reason[:200], actor_id=actor_id)
    event_record(actor=actor, action="model.promote", scope=model.project.scope, target=f"model:{model.pk}")


def _judged(
    run_dir: Path, new_folder: Path, on_progress: OnProgress, should_stop: Callable[[], bool]
) -> Cases:
    """A model's cases on the new run's held-out items, kept in the model's own folder."""
    from ml.inference.predict import predict

    manifest_path = new_folder / TRAINING_SET
    _, items = held_out(read_manifest(manifest_path))
    lines = predict(
        run_dir,
        manifest_path,
        run_dir / PREDICTIONS / "held-out",
        [item.id for item in items],
        device=settings.FOVEA_DEVICE,
        cache_dir=tensor_cache(),
        on_progress=on_progress,
        should_stop=should_stop,
    )
    cases = cases_of(manifest_path, lines)
    cases_write(cases, run_dir / CASES)
    return cases
