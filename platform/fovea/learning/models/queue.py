"""The ranked queue and who works on what."""

from django.conf import settings
from django.db import models

from annotations.models import Item
from fovea.datasets.models import Project


class QueueState(models.TextChoices):
    """waiting → done when submitted, aside when skipped.

    A lease is a time in `lease_expires_at`, not a state.
    """

    WAITING = "waiting", "Waiting"
    DONE = "done", "Done"
    ASIDE = "aside", "Set aside"


UNRANKED = 1_000_000_000
"""Ranks from here on are cold-start places, given before (or beyond) a model's ranking."""


class QueueEntry(models.Model):
    """An item's place in its project's queue.

    The partial index serves `next` alone, whatever the table's size.
    """

    item = models.OneToOneField(Item, on_delete=models.CASCADE, primary_key=True, related_name="queue_entry")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=8, choices=QueueState.choices, default=QueueState.WAITING)
    rank = models.IntegerField(
        default=2_000_000_000, help_text="1 is next; from 1,000,000,000 on not ranked yet"
    )
    score = models.FloatField(null=True)
    strategy = models.CharField(max_length=30, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    is_random = models.BooleanField(default=False)
    lease_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    lease_expires_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["project", "rank", "item"], condition=models.Q(state="waiting"), name="queue_front"
            ),
            models.Index(
                fields=["lease_user"], condition=models.Q(lease_user__isnull=False), name="queue_leases"
            ),
        ]


class QueueCount(models.Model):
    """How many entries of a state a project has.

    A trigger on QueueEntry keeps it, so that no page counts a million rows.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    state = models.CharField(max_length=8, choices=QueueState.choices)
    count = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "state"], name="one_count_per_state")]
