"""What a project asks now."""

from __future__ import annotations

from annotations.models import LabelSchema
from fovea.datasets.models import Project


def schema_current(project: Project) -> LabelSchema | None:
    """The newest version of the project's label schema, or None when nothing is asked yet."""
    return LabelSchema.objects.filter(project=project).order_by("-number").first()
