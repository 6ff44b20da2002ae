"""A project at a glance, for its dashboard."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from annotations.models import AnnotationVersion, Item, ItemState
from annotations.selectors import schema_current
from fovea.accounts.access import Actor, require
from fovea.datasets.models import Project
from fovea.learning.models import ModelState, TrainedModel
from fovea.learning.selectors.queue import queue_counts
from fovea.learning.selectors.runs import live_run

DAYS = 30


def project_summary(*, actor: Actor, project: Project) -> dict[str, Any]:
    """Counts, the model that serves, the run that is going on, labels a day, and how proposals fare."""
    require(actor, "project.view", project.scope)
    return {
        "has_schema": schema_current(project) is not None,
        "counts": queue_counts(project.pk),
        "flagged": Item.objects.filter(project=project, flagged=True).count(),
        "model": TrainedModel.objects.filter(project=project, state=ModelState.PRODUCTION).first(),
        "run": live_run(project.pk),
        "labels_per_day": labels_per_day(project),
        "proposals": proposals_kept(project),
    }


def labels_per_day(project: Project, days: int = DAYS) -> list[dict[str, Any]]:
    """Submitted items by day of their submission (UTC), the last `days` days, days without any left out."""
    since = timezone.now() - timedelta(days=days)
    rows = Item.objects.filter(project=project, state=ItemState.SUBMITTED, submitted_at__gte=since)
    counted = rows.annotate(day=TruncDate("submitted_at")).values("day").annotate(count=Count("id"))
    return [dict(row) for row in counted.order_by("day")]


def proposals_kept(project: Project) -> dict[str, Any]:
    """Of the submitted labels that began with a model's proposal, how many kept it unchanged."""
    nothing = Q(prediction__corrected__isnull=True) | Q(prediction__corrected=[])
    kept = nothing & (Q(prediction__rejected__isnull=True) | Q(prediction__rejected=[]))
    shown = AnnotationVersion.objects.filter(
        item__project=project, submitted=True, prediction__id__isnull=False
    )
    counts = shown.aggregate(offered=Count("id"), unchanged=Count("id", filter=kept))
    share = counts["unchanged"] / counts["offered"] if counts["offered"] else None
    return {**counts, "share": share}
