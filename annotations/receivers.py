"""What happens to labels when images arrive."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from annotations.services.items import items_sync
from fovea.datasets.models import Project
from fovea.datasets.signals import import_stored, series_stored


@receiver(series_stored)
def make_items(*, dataset_id: int, series_ids: list[int], **_: Any) -> None:
    """New images become items of every project on their dataset."""
    for project in Project.objects.filter(dataset_id=dataset_id):
        items_sync(project, series_ids)


@receiver(import_stored)
def read_label_files(*, batch_id: int, report: Any, **_: Any) -> None:
    """Label files that came with the images become submitted versions of source `import`."""
    from annotations.services.label_import import labels_import

    labels_import(batch_id=batch_id, report=report)
