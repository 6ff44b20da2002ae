"""Reading series."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from fovea.accounts.access import Actor, require
from fovea.datasets.models import Dataset, Series
from fovea.datasets.selectors.datasets import dataset_scope, not_here


def series_of(
    *, actor: Actor, dataset: Dataset, modality: str = "", search: str = "", images: bool = True
) -> QuerySet[Series]:
    """A dataset's series, newest first; paginate by key. `search` looks in descriptions, body parts,
    patients' keys and UIDs; `images` leaves out what has no frames to show."""
    require(actor, "dataset.view", dataset_scope(dataset))
    rows = Series.objects.filter(dataset=dataset).select_related("dataset", "study__patient").order_by("-id")
    if images:
        rows = rows.filter(is_image=True)
    if modality:
        rows = rows.filter(modality=modality.upper())
    if search:
        rows = rows.filter(
            Q(description__icontains=search)
            | Q(body_part__icontains=search)
            | Q(study__description__icontains=search)
            | Q(study__patient__key__icontains=search)
            | Q(uid=search)
        )
    return rows


def series_get(*, actor: Actor, series_id: int) -> Series:
    """A series that the actor may see. Raises NotFound."""
    series = (
        Series.objects.select_related("dataset", "study__patient", "thumbnail").filter(pk=series_id).first()
    )
    if series is None:
        not_here()
    require(actor, "dataset.view", dataset_scope(series.dataset_id))
    return series


def modalities_of(dataset: Dataset) -> list[str]:
    """The modalities in a dataset, for a filter."""
    rows = Series.objects.filter(dataset=dataset, is_image=True).values_list("modality", flat=True)
    return sorted(filter(None, rows.distinct()))
