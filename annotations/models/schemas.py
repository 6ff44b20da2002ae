"""What a project asks."""

from django.conf import settings
from django.db import models

from fovea.datasets.models import Project


class LabelSchema(models.Model):
    """One immutable version of a project's questions, classes and box kinds; the highest number is current."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="schemas")
    number = models.PositiveIntegerField()
    spec = models.JSONField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "number"], name="one_schema_per_number")]
        ordering = ["-number"]
