"""Reading models: lists, metrics, comparison, the learning curve."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.db.models import QuerySet

from fovea.accounts.access import Actor, require
from fovea.core.errors import Invalid, NotFound
from fovea.datasets.models import Project
from fovea.learning.cases import cases_read, compare
from fovea.learning.folders import CASES, folder_path
from fovea.learning.models import TrainedModel
from ml.acquisition.forecast import FEWEST_POINTS, advise, forecast

_MOST_CASES = 100
_MORE = 50


def models_of(*, actor: Actor, project: Project) -> QuerySet[TrainedModel]:
    """A project's models, newest first; paginate by key."""
    require(actor, "run.view", project.scope)
    return TrainedModel.objects.filter(project=project).order_by("-number")


def model_get(*, actor: Actor, model_id: int, action: str = "run.view") -> TrainedModel:
    """A model that the actor may do `action` to. Raises NotFound or Forbidden."""
    model = TrainedModel.objects.select_related("project", "run").filter(pk=model_id).first()
    if model is None:
        raise NotFound("There is no such model, or it is not for you to see.")
    require(actor, action, model.project.scope)
    return model


def headline_of(model: TrainedModel) -> dict[str, Any]:
    """The metric that decides, with its interval: name, value, low, high, split."""
    found = model.metrics.get("headline", {})
    return {name: found.get(name) for name in ("name", "value", "low", "high", "split")}


def models_compare(*, actor: Actor, first_id: int, second_id: int) -> dict[str, Any]:
    """The second model against the first, case by case on the held-out items that both were judged on.

    Raises Invalid when they are not of one project, or share fewer than three cases.
    """
    first = model_get(actor=actor, model_id=first_id)
    second = model_get(actor=actor, model_id=second_id)
    if first.project_id != second.project_id:
        raise Invalid("Compare two models of one project.")
    a, b = cases_read(folder_path(first.folder) / CASES), cases_read(folder_path(second.folder) / CASES)
    found = compare(a, b) if a and b else None
    if a is None or b is None or found is None:
        raise Invalid("These two models share fewer than three held-out cases.", code="not_comparable")
    shared = sorted(a.scores.keys() & b.scores.keys(), key=lambda name: -abs(b.scores[name] - a.scores[name]))
    return {
        "a": first,
        "b": second,
        "split": b.split,
        "difference": {
            "value": found.difference.estimate,
            "low": found.difference.low,
            "high": found.difference.high,
        },
        "p_value": found.p_value,
        "wins": found.wins,
        "losses": found.losses,
        "ties": found.ties,
        "cases": [
            {"item": int(name), "a": a.scores[name], "b": b.scores[name]} for name in shared[:_MOST_CASES]
        ],
    }


def learning_curve(*, actor: Actor, project: Project) -> dict[str, Any]:
    """Labels against the held-out metric, a point per model, and what more labels would bring."""
    require(actor, "run.view", project.scope)
    models = list(TrainedModel.objects.filter(project=project).order_by("number"))
    name = models[-1].headline if models else ""
    points = [
        _point(model) for model in models if model.headline == name and model.headline_value is not None
    ]
    return {"metric": name, "points": points, **_outlook(points, name)}


def _point(model: TrainedModel) -> dict[str, Any]:
    headline = headline_of(model)
    return {
        "model": model.pk,
        "number": model.number,
        "state": model.state,
        "labelled": model.labelled,
        "value": model.headline_value,
        "low": headline["low"],
        "high": headline["high"],
        "created_at": model.created_at,
    }


def _outlook(points: list[dict[str, Any]], name: str) -> dict[str, Any]:
    labels = [float(point["labelled"]) for point in points]
    values = [float(point["value"]) for point in points]
    rng = np.random.default_rng(0)
    advice = advise(labels, values, _MORE, rng=rng, name=name or "the metric")
    if len(points) < FEWEST_POINTS:
        return {"forecast": None, "advice": advice.statement}
    at = np.linspace(max(labels), max(labels) * 2 + _MORE, 12).round()
    found = forecast(labels, values, at, rng=rng)
    columns = {"labels": found.labels, "expected": found.expected, "low": found.low, "high": found.high}
    return {
        "forecast": {key: [round(float(v), 4) for v in column] for key, column in columns.items()},
        "advice": advice.statement,
    }
