"""The queue, and the models that rank it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from fovea.accounts.models import User
from fovea.core.errors import Invalid, NotFound
from fovea.datasets.models import Project
from fovea.learning.models import TrainedModel
from fovea.learning.selectors.models import learning_curve, models_compare, models_of
from fovea.learning.selectors.queue import queue_counts, queue_front
from fovea.learning.services.models import model_promote, model_roll_back
from fovea.learning.services.scoring import score_start
from fovea.learning.services.settings import settings_change, settings_of
from fovea.pages.door import actor_of, page, project_context
from fovea.pages.figures import metric_rows
from fovea.pages.overview import curve_chart
from ml.acquisition.registry import STRATEGIES

_FRONT = 100


@page
def project_queue(request: HttpRequest, slug: str) -> HttpResponse:
    """What waits, best first, and why."""
    actor = actor_of(request)
    found, context = project_context(request, slug)
    if request.method == "POST":
        settings_change(actor=actor, project=found, strategy=request.POST.get("strategy", ""))
        score_start(actor=actor, project=found)
        messages.success(request, "The queue is being ranked again.", extra_tags="ok")
        return redirect("project_queue", slug=slug)
    context |= {
        "entries": queue_front(actor=actor, project=found)[:_FRONT],
        "counts": queue_counts(found.pk),
        "strategies": STRATEGIES.values(),
        "learning": settings_of(found),
    }
    return render(request, "pages/project_queue.html", context)


@page
def project_models(request: HttpRequest, slug: str) -> HttpResponse:
    """Every model of the project; which one serves; two beside each other."""
    actor = actor_of(request)
    found, context = project_context(request, slug)
    if request.method == "POST" and request.POST.get("action") == "roll-back":
        model = model_roll_back(actor=actor, project=found)
        messages.success(request, f"Model {model.number} is in use again.", extra_tags="ok")
        return redirect("project_models", slug=slug)
    models = list(models_of(actor=actor, project=found)[:100])
    context |= {
        "models": models,
        "curve": curve_chart(learning_curve(actor=actor, project=found)),
        "chosen": _chosen(request, actor, models),
    }
    return render(request, "pages/project_models.html", context)


@page
def model(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """One model: every metric with its interval, how it was made, what became of it."""
    actor = actor_of(request)
    found, context = project_context(request, slug)
    shown = _model(found, number)
    if request.method == "POST" and request.POST.get("action") == "promote":
        model_promote(actor=actor, model=shown)
        messages.success(
            request, f"Model {number} is in use; the queue is being ranked again.", extra_tags="ok"
        )
        return redirect("model", slug=slug, number=number)
    context |= {
        "model": shown,
        "rows": metric_rows(shown.metrics),
        "confusions": _confusions(shown.metrics),
        "events": shown.events.select_related("actor").order_by("-id"),
    }
    return render(request, "pages/model.html", context)


def _model(project: Project, number: int) -> TrainedModel:
    found = (
        TrainedModel.objects.select_related("run", "project").filter(project=project, number=number).first()
    )
    if found is None:
        raise NotFound("There is no model of that number in this project.")
    return found


def _chosen(request: HttpRequest, actor: User, models: list[TrainedModel]) -> dict[str, Any] | None:
    """Two models that were picked to be compared: metric by metric, and case by case where they share enough cases."""
    by_number = {str(m.number): m for m in models}
    a, b = (by_number.get(request.GET.get(name, "")) for name in ("a", "b"))
    if a is None or b is None or a == b:
        return None
    other = {row.name: row for row in metric_rows(b.metrics)}
    try:
        paired = models_compare(actor=actor, first_id=a.pk, second_id=b.pk)
    except Invalid:
        paired = None  # too few held-out cases in common: the two columns are all there is to say
    rows = [(row, other.get(row.name)) for row in metric_rows(a.metrics)]
    return {"a": a, "b": b, "rows": rows, "paired": paired}


def _confusions(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """Each question's confusion matrix: rows are the truth, columns what the model said."""
    found = []
    for key, figures in (metrics.get("questions") or {}).items():
        matrix, options = figures.get("confusion"), figures.get("options")
        if matrix and options:
            found.append(
                {"question": key, "options": options, "rows": list(zip(options, matrix, strict=False))}
            )
    return found
