"""What is labelled: one item is one unit of a project's dataset."""

from django.conf import settings
from django.db import models

from fovea.datasets.models import Instance, Patient, Project, Series


class ItemState(models.TextChoices):
    """open → draft (somebody saved) → submitted; skipped items leave the queue until somebody brings them back."""

    OPEN = "open", "Open"
    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"
    SKIPPED = "skipped", "Skipped"


class Item(models.Model):
    """An image or a series of a project, with its place in the split and a pointer to its current version.

    `split` is given by the import or drawn by patient when the first model is trained; items of the held-out splits are
    labelled like others and never trained on.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="items")
    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="+")
    instance = models.ForeignKey(Instance, null=True, on_delete=models.CASCADE, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    split = models.CharField(max_length=5, blank=True, choices=[(s, s) for s in ("train", "val", "test")])
    cluster = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=10, choices=ItemState.choices, default=ItemState.OPEN)
    flagged = models.BooleanField(default=False)
    flag_note = models.CharField(max_length=500, blank=True)
    current = models.ForeignKey(
        "annotations.AnnotationVersion", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    submitted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "instance"],
                condition=models.Q(instance__isnull=False),
                name="one_item_per_image",
            ),
            models.UniqueConstraint(
                fields=["project", "series"],
                condition=models.Q(instance__isnull=True),
                name="one_item_per_series",
            ),
        ]
        indexes = [models.Index(fields=["project", "state", "id"])]


class ItemSkip(models.Model):
    """Somebody passed an item over, and why."""

    REASONS = ("bad_quality", "not_applicable", "unsure", "other")

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="skips")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=20, choices=[(r, r) for r in REASONS])
    note = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
