"""Reading the queue: its front, its counts."""

from __future__ import annotations

from typing import TypedDict

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from fovea.accounts.access import Actor, require
from fovea.datasets.models import Project
from fovea.learning.models import QueueCount, QueueEntry, QueueState


class Counts(TypedDict):
    """Items by state of their queue entry; `total` is their sum."""

    waiting: int
    done: int
    aside: int
    total: int


def queue_front(*, actor: Actor, project: Project) -> QuerySet[QueueEntry]:
    """What waits, next first; paginate by key. The partial index serves it."""
    require(actor, "queue.view", project.scope)
    return (
        QueueEntry.objects.filter(project=project, state=QueueState.WAITING)
        .select_related("lease_user", "item__series", "item__patient")
        .annotate(is_leased=Q(lease_expires_at__gt=Now()))
        .order_by("rank", "item_id")
    )


def queue_counts(project_id: int) -> Counts:
    """Exact counts, kept by a trigger; nothing is counted here."""
    rows = dict(QueueCount.objects.filter(project_id=project_id).values_list("state", "count"))
    waiting, done, aside = (int(rows.get(state, 0)) for state in QueueState.values)
    return {"waiting": waiting, "done": done, "aside": aside, "total": waiting + done + aside}
