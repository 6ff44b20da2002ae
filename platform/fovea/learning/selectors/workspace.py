"""The workspace document: everything the reading page needs to open one item, in one answer."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.db.models.functions import Now

from annotations.models import Item
from annotations.selectors import annotation_state, history, item_frames, item_get, schema_current
from fovea.accounts.access import Actor
from fovea.datasets.models import Project
from fovea.datasets.selectors.frames import FrameRef, series_address
from fovea.learning.models import QueueEntry
from fovea.learning.selectors.predictions import prediction_of
from fovea.learning.selectors.queue import queue_counts


def workspace(*, actor: Actor, item_id: int) -> dict[str, Any]:
    """The document of an item that the actor may see. Raises NotFound or Forbidden."""
    item = item_get(actor=actor, item_id=item_id)
    item.series.dataset = item.project.dataset
    entry = entry_of(item.pk)
    return {
        "id": item.pk,
        "project": {"slug": item.project.slug, "name": item.project.name},
        "dataset": {"slug": item.project.dataset.slug},
        "schema": _schema(item.project),
        "unit": item.project.unit,
        "case": _case(item),
        "frames": [_frame(frame) for frame in item_frames(item)],
        "metadata_url": metadata_url(item),
        "geometry": _geometry(item),
        "lease": lease_state(entry, actor),
        "annotation": annotation_state(item),
        "prediction": prediction_of(item.pk),
        "why": _why(entry),
        "history": history(item),
    }


def metadata_url(item: Item) -> str:
    """Where the viewer reads the DICOM JSON metadata of the item's series."""
    series = item.series
    return f"{series_address(item.project.dataset.slug, series.study.uid, series.uid)}/metadata"


def entry_of(item_id: int) -> QueueEntry | None:
    """An item's place in the queue, with `is_leased`: whether its lease lives, by the database's clock."""
    entries = QueueEntry.objects.select_related("lease_user").annotate(
        is_leased=Q(lease_expires_at__gt=Now())
    )
    return entries.filter(item_id=item_id).first()


def lease_state(entry: Any, actor: Actor) -> dict[str, Any]:
    """Whose turn the item of an `entry_of` is."""
    if entry is None or not entry.is_leased:
        return {"mine": False, "holder": None, "expires_at": None}
    return {
        "mine": entry.lease_user_id == actor.pk,
        "holder": str(entry.lease_user),
        "expires_at": entry.lease_expires_at.isoformat(),
    }


def _schema(project: Project) -> dict[str, Any]:
    schema = schema_current(project)
    if schema is None:
        return {"version": 0, "questions": [], "classes": [], "boxes": []}
    return {"version": schema.number, **schema.spec}


def _case(item: Item) -> dict[str, Any]:
    counts = queue_counts(item.project_id)
    return {
        "title": f"Case {item.pk}",
        "patient": item.patient.key,
        "modality": item.series.modality,
        "series_description": item.series.description,
        "done": counts["done"],
        "total": counts["total"],
    }


def _frame(frame: FrameRef) -> dict[str, Any]:
    return {"key": frame.key, "image_id": frame.image_id, "rows": frame.rows, "columns": frame.columns}


def _geometry(item: Item) -> dict[str, Any]:
    geometry = item.series.geometry
    return {
        "is_volume": bool(geometry.get("is_volume", False)) and item.instance_id is None,
        "reason": geometry.get("reason", ""),
        "spacing": geometry.get("spacing"),
    }


def _why(entry: QueueEntry | None) -> dict[str, Any] | None:
    if entry is None or not entry.reason:
        return None
    return {
        "text": entry.reason,
        "score": entry.score,
        "strategy": entry.strategy,
        "random": entry.is_random,
    }
