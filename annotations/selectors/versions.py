"""Reading versions."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from annotations.content import Content, summary, wire
from annotations.models import AnnotationVersion, Item


def submitted_versions(project_id: int) -> QuerySet[AnnotationVersion]:
    """Each item's newest submitted version: what a model may learn from."""
    return (
        AnnotationVersion.objects.filter(item__project_id=project_id, submitted=True)
        .order_by("item_id", "-number")
        .distinct("item_id")
        .select_related("item")
    )


def annotation_state(item: Item) -> dict[str, Any]:
    """The item's current labels as the workspace reads them; version 0 when there are none."""
    version = item.current
    if version is None:
        return {
            "version": 0,
            "content": {},
            "source": None,
            "author": None,
            "saved_at": None,
            "submitted": False,
        }
    return {"version": version.number, "content": wire(version.content), **_about(version)}


def history(item: Item) -> list[dict[str, Any]]:
    """Every version of the item, newest first, with what it changed."""
    versions = list(item.versions.select_related("author").order_by("number"))
    before: Content = {}
    entries = []
    for version in versions:
        entries.append({"version": version.number, **_about(version), "summary": _summary(before, version)})
        before = version.content
    return entries[::-1]


def _about(version: AnnotationVersion) -> dict[str, Any]:
    return {
        "source": version.source,
        "author": str(version.author) if version.author else None,
        "saved_at": version.created_at.isoformat(),
        "submitted": version.submitted,
    }


def _summary(before: Content, version: AnnotationVersion) -> str:
    if version.source == "import":
        return "imported"
    if version.submitted and summary(before, version.content) == "no change":
        return "submitted"
    return summary(before, version.content)
