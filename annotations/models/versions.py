"""What was answered: immutable versions."""

from django.conf import settings
from django.db import models

from .items import Item
from .schemas import LabelSchema


class Source(models.TextChoices):
    """Who made a version."""

    HUMAN = "human", "Person"
    MODEL = "model", "Model"
    IMPORT = "import", "Import"


class AnnotationVersion(models.Model):
    """One saved state of an item's labels; rows are never changed.

    `content` is the stored form: `answers`, `boxes`, `polygons` as they are, `slices` = {frame key: SHA-256 of the packed
    run-length label map}. `key` is made by the client, so that a repeated save gives the same version.
    """

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    base = models.PositiveIntegerField(default=0)
    schema = models.ForeignKey(LabelSchema, on_delete=models.PROTECT, related_name="+")
    key = models.UUIDField()
    source = models.CharField(max_length=6, choices=Source.choices, default=Source.HUMAN)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    content = models.JSONField()
    submitted = models.BooleanField(default=False)
    seconds = models.FloatField(default=0.0, help_text="Time spent since the base version")
    prediction = models.JSONField(null=True, help_text="What the model proposed and what became of it")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "number"], name="one_version_per_number"),
            models.UniqueConstraint(fields=["item", "key"], name="one_version_per_key"),
        ]
        ordering = ["-number"]
