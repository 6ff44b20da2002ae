"""Who works on what: handing out the best free item, keeping and giving back leases.

A lease is a person and an expiry in database time on the item's queue entry; an expired lease needs no clean-up,
it is simply free again. All writes here are single rows found by an index: the queue's length does not matter.
"""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from annotations.models import Item, ItemState
from fovea.accounts.access import Actor, require
from fovea.core.errors import LeaseHeld, NotFound
from fovea.datasets.models import Project
from fovea.learning.models import QueueEntry, QueueState
from fovea.learning.services.entries import STATES
from fovea.learning.services.locks import ranks_settle

FREE = Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lte=Now())


@transaction.atomic
def queue_next(*, actor: Actor, project: Project, exclude: Collection[int] = ()) -> QueueEntry | None:
    """Lease the item that the actor should label now: the one they hold already, else the best free one.

    `exclude`: items not to be given; a lease of the actor's on one of them is given back. None when nothing
    waits. Raises NotFound or Forbidden.
    """
    require(actor, "annotation.make", project.scope)
    if exclude:
        _held(actor).filter(item_id__in=exclude).update(lease_user=None, lease_expires_at=None)
    ranks_settle(project.pk)
    waiting = _waiting(project, exclude)
    entry = _unfinished(waiting, actor).first() or _best_free(waiting)
    return _take(entry, actor) if entry is not None else None


def queue_peek(*, actor: Actor, project: Project, exclude: Collection[int] = ()) -> QueueEntry | None:
    """What `queue_next` would probably give the actor after the item they hold now; leases nothing."""
    require(actor, "annotation.make", project.scope)
    return _waiting(project, exclude).filter(FREE).first()


@transaction.atomic
def lease_take(*, actor: Actor, item: Item) -> QueueEntry:
    """Lease an item that was opened directly, or keep one's lease (the heartbeat).

    Raises LeaseHeld (with holder and expiry) while somebody else's lease lives, NotFound or Forbidden.
    """
    require(actor, "annotation.make", item.project.scope)
    entry = QueueEntry.objects.select_for_update(of=("self",)).filter(item=item).first()
    if entry is None:
        raise NotFound("The item is not in its project's queue; open the project again.")
    if QueueEntry.objects.filter(~FREE, pk=entry.pk).exclude(lease_user_id=actor.pk).exists():
        raise LeaseHeld(
            f"{entry.lease_user} is working on this item; take another, or wait until the lease ends.",
            holder=str(entry.lease_user),
            expires_at=entry.lease_expires_at.isoformat() if entry.lease_expires_at else None,
        )
    return _take(entry, actor)


def lease_release(*, actor: Actor, item: Item) -> None:
    """Give an item back. Nothing happens when the actor does not hold it."""
    require(actor, "annotation.make", item.project.scope)
    _held(actor).filter(item=item).update(lease_user=None, lease_expires_at=None)


def _waiting(project: Project, exclude: Collection[int]) -> QuerySet[QueueEntry]:
    entries = QueueEntry.objects.filter(project=project, state=QueueState.WAITING)
    if exclude:
        entries = entries.exclude(item_id__in=exclude)
    return entries.order_by("rank", "item_id")


def _held(actor: Actor) -> QuerySet[QueueEntry]:
    return QueueEntry.objects.filter(lease_user_id=actor.pk)


def _unfinished(waiting: QuerySet[QueueEntry], actor: Actor) -> QuerySet[QueueEntry]:
    """What the actor holds, or has begun to label and nobody took over since."""
    mine = waiting.filter(~FREE | Q(item__state=ItemState.DRAFT), lease_user_id=actor.pk)
    return mine.select_for_update(of=("self",))


def _best_free(waiting: QuerySet[QueueEntry]) -> QueueEntry | None:
    """The first free entry, locked. One that was labelled while nobody could tell the queue (a process was killed
    between saving and telling) is put right and passed over."""
    free = waiting.filter(FREE).select_related("item").select_for_update(skip_locked=True, of=("self",))
    while (entry := free.first()) is not None and (state := STATES.get(ItemState(entry.item.state))):
        QueueEntry.objects.filter(pk=entry.pk).update(state=state)
    return entry


def _take(entry: QueueEntry, actor: Actor) -> QueueEntry:
    """One statement: a lease that starts now, in database time. The entry's row is locked already."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE learning_queueentry SET lease_user_id = %s, "
            "lease_expires_at = statement_timestamp() + make_interval(secs => %s) "
            "WHERE item_id = %s RETURNING lease_expires_at",
            [actor.pk, settings.FOVEA_LEASE_SECONDS, entry.pk],
        )
        entry.lease_user_id, entry.lease_expires_at = actor.pk, cursor.fetchone()[0]
    return entry
