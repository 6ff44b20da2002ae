"""Saving labels: every save is a new immutable version on a named base; nothing is ever overwritten."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from annotations.content import Content, complete, merge, store
from annotations.models import AnnotationVersion, Item, ItemState, LabelSchema, Source
from annotations.selectors.items import item_frames
from annotations.selectors.schemas import schema_current
from annotations.selectors.versions import annotation_state
from annotations.services.items import mark_submitted
from fovea.accounts.access import Actor, require
from fovea.audit.services import event_record
from fovea.core.errors import Conflict, Invalid, StaleVersion

_MAX_SECONDS = 86_400.0


@transaction.atomic
def version_save(
    *,
    actor: Actor,
    item: Item,
    base_version: int,
    key: UUID,
    content: object,
    partial: bool = True,
    seconds: float = 0.0,
    prediction: dict[str, Any] | None = None,
    source: str = Source.HUMAN,
) -> AnnotationVersion:
    """Save labels on top of `base_version` (0 = none yet) and return the new version; the same `key` again returns the same one.

    With `partial`, slices that are not mentioned stay as they are, and so do other parts that are not sent. Raises StaleVersion,
    whose details hold the current labels, when somebody saved since; Invalid when the content does not fit the schema or frames.
    """
    require(actor, "annotation.make", item.project.scope)
    repeated = _repeated(actor, item, key)
    if repeated is not None:
        return repeated
    schema = _schema(item)
    shapes = {frame.key: (frame.rows, frame.columns) for frame in item_frames(item)}
    change = store(content, spec=schema.spec, shapes=shapes)
    base = _lock_and_check(item, base_version)
    merged = merge(base.content if base else {}, change, partial=partial)
    version = _append(
        actor, item, base_version, key, schema, merged, source=source, seconds=seconds, prediction=prediction
    )
    if item.state != ItemState.SUBMITTED:
        item.state = ItemState.DRAFT
    item.current = version
    item.save(update_fields=["current", "state"])
    return version


@transaction.atomic
def version_submit(
    *,
    actor: Actor,
    item: Item,
    base_version: int,
    key: UUID,
    seconds: float = 0.0,
    source: str = Source.HUMAN,
) -> AnnotationVersion:
    """Declare the labels of `base_version` finished: a new version, submitted, that states every part the schema asks.

    Raises StaleVersion as `version_save` does, and Invalid (code `incomplete`) when a required question has no answer.
    """
    require(actor, "annotation.make", item.project.scope)
    repeated = _repeated(actor, item, key)
    if repeated is not None:
        return repeated
    schema = _schema(item)
    base = _lock_and_check(item, base_version)
    content = complete(base.content if base else {}, schema.spec)
    version = _append(
        actor,
        item,
        base_version,
        key,
        schema,
        content,
        source=source,
        seconds=seconds,
        submitted=True,
        prediction=base.prediction if base else None,
    )
    item.current = version
    item.save(update_fields=["current"])
    mark_submitted([item], item.project_id)
    event_record(
        actor=actor,
        action="annotation.submit",
        scope=item.project.scope,
        target=f"item:{item.pk}",
        version=version.number,
    )
    return version


def _repeated(actor: Actor, item: Item, key: UUID) -> AnnotationVersion | None:
    version = AnnotationVersion.objects.filter(item=item, key=key).first()
    if version is not None and version.author_id != actor.pk:
        raise Conflict("That key was used by somebody else's save; make a new one.", code="key_reused")
    return version


def _schema(item: Item) -> LabelSchema:
    schema = schema_current(item.project)
    if schema is None:
        raise Invalid(
            "The project asks nothing yet: a data scientist sets its label schema first.", code="no_schema"
        )
    return schema


def _lock_and_check(item: Item, base_version: int) -> AnnotationVersion | None:
    """Lock the item's row, so that of two savers on one base exactly one goes on; returns the base version.

    The version is read after the lock, not joined to it: a join would show it as it was before the wait.
    """
    locked = Item.objects.select_for_update().get(pk=item.pk)
    item.current = (
        AnnotationVersion.objects.select_related("author").filter(pk=locked.current_id or 0).first()
    )
    item.state = locked.state
    current = item.current.number if item.current else 0
    if base_version != current:
        raise StaleVersion(
            f"Somebody saved version {current} since you opened version {base_version}; look at both and choose.",
            current=annotation_state(item),
        )
    return item.current


def _append(
    actor: Actor,
    item: Item,
    base_version: int,
    key: UUID,
    schema: LabelSchema,
    content: Content,
    *,
    source: str = Source.HUMAN,
    seconds: float = 0.0,
    submitted: bool = False,
    prediction: dict[str, Any] | None = None,
) -> AnnotationVersion:
    return AnnotationVersion.objects.create(
        item=item,
        number=base_version + 1,
        base=base_version,
        schema=schema,
        key=key,
        source=source,
        author_id=actor.pk,
        content=content,
        submitted=submitted,
        seconds=min(max(seconds, 0.0), _MAX_SECONDS),
        prediction=prediction,
    )
