"""What happens to the queue when items change. Annotations does not know that a queue exists."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.dispatch import receiver

from annotations.signals import item_created, item_reopened, item_skipped, item_submitted
from fovea.learning.services import entries, upkeep

logger = logging.getLogger(__name__)


@receiver(item_created)
def _created(*, item_ids: list[int], project_id: int, **_: Any) -> None:
    entries.entries_add(item_ids)
    _by_the_way(upkeep.score_new, project_id)


@receiver(item_submitted)
def _submitted(*, item_ids: list[int], project_id: int, **_: Any) -> None:
    entries.entries_done(item_ids)
    _by_the_way(upkeep.front_keep, project_id)


@receiver(item_skipped)
def _skipped(*, item_ids: list[int], **_: Any) -> None:
    entries.entries_aside(item_ids)


@receiver(item_reopened)
def _reopened(*, item_ids: list[int], **_: Any) -> None:
    entries.entries_wait(item_ids)


def _by_the_way(work: Callable[[int], None], project_id: int) -> None:
    """Work that may fail without spoiling what was saved: labels and images are kept whatever learning does."""
    try:
        work(project_id)
    except Exception:
        logger.exception("project %s: the queue's upkeep failed", project_id)
