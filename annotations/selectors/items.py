"""Reading items."""

from __future__ import annotations

from django.db.models import QuerySet

from annotations.models import Item
from fovea.accounts.access import Actor, require
from fovea.core.errors import NotFound
from fovea.datasets.models import Project
from fovea.datasets.selectors.frames import FrameRef, frames_of


def item_get(*, actor: Actor, item_id: int, action: str = "annotation.view") -> Item:
    """An item that the actor may do `action` to. Raises NotFound or Forbidden."""
    item = (
        Item.objects.select_related("project__dataset", "series", "instance", "patient", "current__author")
        .filter(pk=item_id)
        .first()
    )
    if item is None:
        raise NotFound("There is no such item, or it is not for you to see.")
    require(actor, action, item.project.scope)
    return item


def items_of(
    *, actor: Actor, project: Project, state: str | None = None, flagged: bool = False
) -> QuerySet[Item]:
    """A project's items for a list, oldest first; paginate by key."""
    require(actor, "project.view", project.scope)
    items = (
        Item.objects.filter(project=project)
        .select_related("series", "patient", "current__author")
        .order_by("id")
    )
    if state:
        items = items.filter(state=state)
    return items.filter(flagged=True) if flagged else items


def item_frames(item: Item) -> list[FrameRef]:
    """The frames that are labelled with an item, in geometric order."""
    return frames_of(item.series, item.instance)
