"""The figures of a project's overview."""

from __future__ import annotations

from typing import Any

from django.utils.safestring import SafeString

from fovea.accounts.models import User
from fovea.datasets.models import Project
from fovea.learning.models import Run, TrainedModel
from fovea.learning.selectors.queue import queue_front
from fovea.pages.charts import Line, Point, line_chart

_FRONT = 8


def overview(actor: User, project: Project) -> dict[str, Any]:
    """Everything that the overview shows beside the project's card."""
    models = list(TrainedModel.objects.filter(project=project).order_by("number"))
    run = Run.objects.filter(project=project).order_by("-number").first()
    return {
        "models": models[::-1][:5],
        "curve": learning_curve(models),
        "run": run,
        "losses": run_chart(run) if run and run.state in ("queued", "running") else "",
        "front": queue_front(actor=actor, project=project)[:_FRONT],
    }


def learning_curve(models: list[TrainedModel]) -> SafeString:
    """Held-out quality over the number of labels, one point a model, with its 95 % interval."""
    points = []
    for model in models:
        headline = model.metrics.get("headline") or {}
        if model.headline_value is not None:
            note = f"Model {model.number}: {model.headline} {model.headline_value:.3f} from {model.labelled} labels"
            points.append(
                Point(model.labelled, model.headline_value, headline.get("low"), headline.get("high"), note)
            )
    points.sort(key=lambda point: point.x)
    return line_chart([Line("held-out", points)], x_title="labelled items", title="Learning curve", most=1.0)


def run_chart(run: Run) -> SafeString:
    """A run's loss over its steps."""
    rows = list(run.points.order_by("step").values_list("step", "values"))
    loss = [Point(step, values["loss"]) for step, values in rows if values.get("loss") is not None]
    return line_chart([Line("loss", loss, "model")], x_title="step", title="Training loss")
