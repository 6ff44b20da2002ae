"""Items: made from what a dataset holds; skipped, flagged, brought back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice

from django.db import connection, transaction
from django.db.models import BigIntegerField, Exists, OuterRef, QuerySet, Value
from django.dispatch import Signal
from django.utils import timezone

from annotations import signals
from annotations.models import Item, ItemSkip, ItemState
from fovea.accounts.access import Actor, require
from fovea.audit.services import event_record
from fovea.core.errors import Invalid
from fovea.datasets.models import Instance, Project, Series

_BATCH = 2_000

Unit = tuple[int, int | None, int]  # series, instance (None where the series is the unit), patient


@transaction.atomic
def items_sync(project: Project, series_ids: Iterable[int] | None = None) -> int:
    """Make an item for every unit of the dataset (or of those series) that has none yet; returns how many were made.

    Not a person's action: whoever may import images or set the task has been asked already. A lock per project keeps two
    imports that finish together from making the same items.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('items'), %s)", [project.pk])
    made = 0
    rows = (
        _missing_images(project, series_ids)
        if project.unit == "image"
        else _missing_series(project, series_ids)
    )
    for batch in _batches(rows.iterator(chunk_size=_BATCH)):
        items = Item.objects.bulk_create(
            [
                Item(project=project, series_id=series, instance_id=instance, patient_id=patient)
                for series, instance, patient in batch
            ]
        )
        _announce(signals.item_created, [item.pk for item in items], project.pk)
        made += len(items)
    return made


def _batches(rows: Iterator[Unit]) -> Iterator[list[Unit]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch


def _missing_images(project: Project, series_ids: Iterable[int] | None) -> QuerySet[Instance, Unit]:
    rows = Instance.objects.filter(dataset_id=project.dataset_id, kind="image", frames__gt=0)
    if series_ids is not None:
        rows = rows.filter(series_id__in=series_ids)
    taken = Item.objects.filter(project=project, instance=OuterRef("pk"))
    rows = rows.exclude(Exists(taken)).order_by("series_id", "position", "number", "id")
    return rows.values_list("series_id", "id", "series__study__patient_id")


def _missing_series(project: Project, series_ids: Iterable[int] | None) -> QuerySet[Series, Unit]:
    rows = Series.objects.filter(dataset_id=project.dataset_id, is_image=True, frame_count__gt=0)
    if series_ids is not None:
        rows = rows.filter(id__in=series_ids)
    taken = Item.objects.filter(project=project, series=OuterRef("pk"), instance__isnull=True)
    none = Value(None, output_field=BigIntegerField())
    return rows.exclude(Exists(taken)).order_by("id").values_list("id", none, "study__patient_id")


@transaction.atomic
def item_skip(*, actor: Actor, item: Item, reason: str, note: str = "") -> None:
    """Pass an item over: it leaves the queue, its labels stay, and the reason is kept."""
    require(actor, "annotation.make", item.project.scope)
    if reason not in ItemSkip.REASONS:
        raise Invalid(f"`reason` is one of {', '.join(ItemSkip.REASONS)}.")
    ItemSkip.objects.create(item=item, user_id=actor.pk, reason=reason, note=note[:500])
    Item.objects.filter(pk=item.pk).exclude(state=ItemState.SUBMITTED).update(state=ItemState.SKIPPED)
    event_record(
        actor=actor, action="item.skip", scope=item.project.scope, target=f"item:{item.pk}", reason=reason
    )
    _announce(signals.item_skipped, [item.pk], item.project_id)


@transaction.atomic
def item_flag(*, actor: Actor, item: Item, note: str = "", flagged: bool = True) -> None:
    """Mark an item for somebody else to look at, or take the mark away."""
    require(actor, "annotation.make", item.project.scope)
    Item.objects.filter(pk=item.pk).update(flagged=flagged, flag_note=note[:500] if flagged else "")
    event_record(
        actor=actor, action="item.flag", scope=item.project.scope, target=f"item:{item.pk}", flagged=flagged
    )


@transaction.atomic
def item_reopen(*, actor: Actor, item: Item) -> None:
    """Bring a skipped or submitted item back to the queue."""
    require(actor, "annotation.review", item.project.scope)
    state = ItemState.DRAFT if item.current_id else ItemState.OPEN
    Item.objects.filter(pk=item.pk).update(state=state, submitted_at=None)
    event_record(actor=actor, action="item.reopen", scope=item.project.scope, target=f"item:{item.pk}")
    _announce(signals.item_reopened, [item.pk], item.project_id)


def mark_submitted(items: list[Item], project_id: int) -> None:
    """Set items to submitted and tell who listens; callers have written the versions in the same transaction."""
    ids = [item.pk for item in items]
    Item.objects.filter(pk__in=ids).update(state=ItemState.SUBMITTED, submitted_at=timezone.now())
    _announce(signals.item_submitted, ids, project_id)


def _announce(signal: Signal, item_ids: list[int], project_id: int) -> None:
    transaction.on_commit(partial(signal.send, sender=Item, item_ids=item_ids, project_id=project_id))
