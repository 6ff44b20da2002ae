"""Queue entries follow their items: made, done, set aside, waiting again."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from django.db import transaction

from annotations.models import Item, ItemState
from fovea.learning.models import UNRANKED, QueueEntry, QueueState

COLD_REASON = "No model yet: a varied first set"
_BATCH = 2_000
_TURN = 1_000_000  # ranks per turn: every series gives one item before any gives a second
STATES = {ItemState.SUBMITTED: QueueState.DONE, ItemState.SKIPPED: QueueState.ASIDE}


def entries_add(item_ids: Sequence[int]) -> None:
    """Put new items into their queues, in the cold-start order."""
    for ids in _batches(item_ids):
        rows = list(Item.objects.filter(pk__in=ids).values_list("id", "series_id", "project_id", "state"))
        ranks = cold_ranks([(item, series) for item, series, _, _ in rows])
        QueueEntry.objects.bulk_create(
            [
                QueueEntry(
                    item_id=item,
                    project_id=project,
                    state=STATES.get(ItemState(state), QueueState.WAITING),
                    rank=ranks[item],
                    reason=COLD_REASON,
                )
                for item, _, project, state in rows
            ],
            ignore_conflicts=True,
        )


def entries_done(item_ids: Sequence[int]) -> None:
    """Submitted: out of the queue, lease given back."""
    _move(item_ids, QueueState.DONE, (QueueState.WAITING, QueueState.ASIDE))


def entries_aside(item_ids: Sequence[int]) -> None:
    """Skipped: out of the queue until somebody brings it back."""
    _move(item_ids, QueueState.ASIDE, (QueueState.WAITING,))


def entries_wait(item_ids: Sequence[int]) -> None:
    """Reopened: back at the place it had."""
    _move(item_ids, QueueState.WAITING, (QueueState.DONE, QueueState.ASIDE))


def cold_ranks(items: Iterable[tuple[int, int]]) -> dict[int, int]:
    """First places of (item, series) pairs, given in slice order: varied, always the same, from UNRANKED on.

    Series take turns, each with the slice farthest from those it gave (van der Corput's order of its slices;
    strided slices are a strong start for volumes, Burmeister 2022); inside a turn by a hash of the id, which is
    as good as random.
    """
    series: defaultdict[int, list[int]] = defaultdict(list)
    for item, of in items:
        series[of].append(item)
    return {
        item: UNRANKED + min(turn, 999) * _TURN + _shuffle(item)
        for members in series.values()
        for turn, item in enumerate(_strided(members))
    }


def _strided(members: list[int]) -> list[int]:
    bits = max(1, (len(members) - 1).bit_length())
    order = sorted(range(len(members)), key=lambda i: int(f"{i:0{bits}b}"[::-1], 2))
    return [members[i] for i in order]


def _shuffle(item: int) -> int:
    return int.from_bytes(hashlib.sha256(str(item).encode()).digest()[:8], "big") % _TURN


@transaction.atomic
def _move(item_ids: Sequence[int], state: QueueState, from_states: tuple[QueueState, ...]) -> None:
    for ids in _batches(item_ids):
        # Locked in order of their keys, so that two writers of overlapping batches never wait for each other.
        entries = QueueEntry.objects.filter(pk__in=ids, state__in=from_states)
        locked = entries.order_by("pk").select_for_update().values_list("pk", flat=True)
        QueueEntry.objects.filter(pk__in=list(locked)).update(
            state=state, lease_user=None, lease_expires_at=None
        )


def _batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), _BATCH):
        yield ordered[start : start + _BATCH]
