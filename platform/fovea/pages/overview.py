"""The figures of a project's overview."""

from __future__ import annotations

from typing import Any

from django.utils.safestring import SafeString

from fovea.accounts.models import User
from fovea.datasets.models import Project
from fovea.learning.models import Run
from fovea.learning.selectors.models import learning_curve, models_of
from fovea.learning.selectors.queue import queue_front
from fovea.learning.selectors.summary import proposals_kept
from fovea.pages.charts import Line, Point, line_chart

_FRONT = 8


def overview(actor: User, project: Project) -> dict[str, Any]:
    """Everything that the overview shows beside the project's card."""
    models = models_of(actor=actor, project=project)[:5]
    curve = learning_curve(actor=actor, project=project)
    run = Run.objects.filter(project=project).order_by("-number").first()
    return {
        "models": models,
        "curve": curve_chart(curve),
        "advice": curve["advice"] if curve["points"] else "",
        "proposals": proposals_kept(project),
        "run": run,
        "run_charts": run_charts(run) if run and run.state in ("queued", "running") else [],
        "front": queue_front(actor=actor, project=project)[:_FRONT],
    }


def curve_chart(curve: dict[str, Any]) -> SafeString:
    """Held-out quality over the number of labels, a point a model with its 95 % interval, and what more labels would bring."""
    points = [
        Point(p["labelled"], p["value"], p["low"], p["high"], _note(p, curve["metric"]))
        for p in curve["points"]
    ]
    lines = [Line("held-out", sorted(points, key=lambda point: point.x))]
    forecast = curve["forecast"]
    if forecast:
        columns = (forecast[name] for name in ("labels", "expected", "low", "high"))
        lines.append(Line("forecast", [Point(*values) for values in zip(*columns, strict=True)], "other"))
    return line_chart(lines, x_title="labelled items", title="Learning curve", most=1.0)


def _note(point: dict[str, Any], metric: str) -> str:
    return f"Model {point['number']}: {metric} {point['value']:.3f} from {point['labelled']} labels"


def run_charts(run: Run) -> list[tuple[str, SafeString]]:
    """A run's curves over its steps so far, as (title, chart): its loss, and its metric where it has been judged on the way."""
    rows = list(run.points.order_by("step").values_list("step", "values"))
    found = []
    for name, title, most in (("loss", "Loss", None), ("metric", "Validation metric", 1.0)):
        points = [Point(step, values[name]) for step, values in rows if values.get(name) is not None]
        if points:
            found.append(
                (title, line_chart([Line(name, points, "model")], x_title="step", title=title, most=most))
            )
    return found
