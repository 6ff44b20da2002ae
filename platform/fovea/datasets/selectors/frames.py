"""The frames of a series or an image, in the order in which they are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from django.db.models import F, QuerySet

from fovea.core.storage import blob_path
from fovea.datasets.models import Instance, Series
from ml.imaging.reader import SourceKind


@dataclass(frozen=True)
class FrameRef:
    """One frame: what labels call it (`key`), where the browser gets it (`image_id`, an address below this
    site), and where its file lies for learning (`path`, with `sha256` and `kind` of that file). `number`
    counts from 1 in the instance."""

    key: str
    instance_id: int
    number: int
    sop_uid: str
    image_id: str
    rows: int
    columns: int
    path: Path
    sha256: str
    kind: SourceKind


def ordered_instances(series_id: int) -> QuerySet[Instance]:
    """A series' instances by place along the slice normal, then by number; what has neither comes last, as
    imported.
    """
    order = (F("position").asc(nulls_last=True), F("number").asc(nulls_last=True), "id")
    return Instance.objects.filter(series_id=series_id).order_by(*order)


def series_address(dataset_slug: str, study_uid: str, series_uid: str) -> str:
    """The WADO-RS address of a series, without a slash at the end."""
    return f"/dicomweb/{dataset_slug}/studies/{study_uid}/series/{series_uid}"


def frames_of(series: Series, instance: Instance | None = None) -> list[FrameRef]:
    """The frames of a series (or of one of its instances) in geometric order; objects without frames to show
    give none.
    """
    address = series_address(series.dataset.slug, series.study.uid, series.uid)
    rows = [instance] if instance is not None else list(ordered_instances(series.pk).filter(frames__gt=0))
    refs = [_ref(row, number, address) for row in rows for number in range(1, row.frames + 1)]
    order = series.geometry.get("frame_order")
    if not order:
        return refs
    place = {key: index for index, key in enumerate(order)}
    return sorted(refs, key=lambda ref: place.get(ref.key, len(place)))


def frame_key(instance_id: int, number: int) -> str:
    """What labels call a frame."""
    return f"{instance_id}-{number}"


def _ref(instance: Instance, number: int, address: str) -> FrameRef:
    return FrameRef(
        key=frame_key(instance.pk, number),
        instance_id=instance.pk,
        number=number,
        sop_uid=instance.sop_uid,
        image_id=f"{address}/instances/{instance.sop_uid}/frames/{number}",
        rows=instance.rows,
        columns=instance.columns,
        path=blob_path(instance.source_id),
        sha256=instance.source_id,
        kind=cast(SourceKind, instance.source_kind),
    )
