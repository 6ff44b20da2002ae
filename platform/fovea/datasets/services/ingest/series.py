"""What is known of a series only when its files are there: the order of its slices, their distance, findings,
a picture.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataset import Dataset

from fovea.core.storage import StoredBlob, blob_path, blob_put
from fovea.datasets.models import Instance, Series
from fovea.datasets.selectors.frames import frame_key
from fovea.datasets.services.blobs import blobs_record
from fovea.datasets.services.ingest.prepare import Preparer
from ml.imaging.dicom.framegroups import frame_headers
from ml.imaging.geometry import Plane, SeriesGeometry, edge_letters, examine, slice_normal

_FRAMES_NAMED = 100  # a finding names so many frames at most; the rest is told by their number
# Image Position (Patient); shared and per-frame functional groups: without any of these nothing says where a
# frame lies.
_PLACING = frozenset({"00200032", "52009229", "52009230"})
_Place = tuple[Instance, int]  # an instance and a frame of it, from 1


@dataclass
class Finished:
    """Series and instances with new values, and the pictures to note: computed apart from the database's
    transaction.
    """

    series: list[Series] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)
    thumbnails: list[StoredBlob] = field(default_factory=list)

    def save(self) -> None:
        """Write everything; call inside a transaction."""
        blobs_record((blob, "image/jpeg") for blob in self.thumbnails)
        Instance.objects.bulk_update(self.instances, ["position"], batch_size=500)
        fields = ["is_image", "instance_count", "frame_count", "geometry", "thumbnail"]
        Series.objects.bulk_update(self.series, fields, batch_size=100)


def series_finish(series_ids: Sequence[int], preparer: Preparer) -> Finished:
    """Examine series by the metadata of all their instances (older imports included), and picture their
    middle frame.
    """
    finished = Finished()
    instances: dict[int, list[Instance]] = defaultdict(list)
    rows = (
        Instance.objects.filter(series_id__in=series_ids).select_related("metadata").order_by("number", "id")
    )
    for row in rows:
        instances[row.series_id].append(row)
    for series in Series.objects.filter(pk__in=series_ids):
        _finish(series, instances[series.pk], preparer, finished)
    return finished


def _finish(series: Series, instances: list[Instance], preparer: Preparer, finished: Finished) -> None:
    places = [(row, number) for row in instances for number in range(1, row.frames + 1)]
    planes = [plane for row in instances if row.frames for plane in _planes(row)]
    geometry = examine(planes) if any(plane.position for plane in planes) else None
    series.instance_count, series.frame_count = len(instances), len(places)
    series.is_image = bool(places)
    series.geometry = {} if geometry is None else _described(geometry, planes, places)
    order = _reading_order(geometry) if geometry else range(len(places))
    keys = [frame_key(places[index][0].pk, places[index][1]) for index in order]
    finished.instances += _placed(instances, planes, places)
    if keys != _stored_order(instances):
        series.geometry["frame_order"] = keys
    if places:
        row, number = places[list(order)[len(places) // 2]]
        picture = preparer.thumbnail(blob_path(row.source_id), number, row.source_kind)
        if picture is not None:
            blob = blob_put(picture)
            finished.thumbnails.append(blob)
            series.thumbnail_id = blob.sha256
    finished.series.append(series)


def _planes(instance: Instance) -> list[Plane]:
    """Where an instance's frames lie, from the metadata kept at ingest."""
    size = (instance.rows, instance.columns)
    if not _PLACING.intersection(instance.metadata.dicom_json):
        return [Plane(None, None, None, size)] * instance.frames  # a photograph: spare reading its metadata
    dataset = Dataset.from_json(instance.metadata.dicom_json)
    return [
        Plane(head.position, head.orientation, head.spacing, size, head.thickness, head.split_keys)
        for head in frame_headers(dataset, instance.frames)
    ]


def _reading_order(geometry: SeriesGeometry) -> list[int]:
    """Along the normal; several volumes (time points, acquisitions) one after the other."""
    if not geometry.groups:
        return list(geometry.order)
    place = {index: at for at, index in enumerate(geometry.order)}
    return [index for group in geometry.groups for index in sorted(group, key=place.__getitem__)]


def _placed(instances: list[Instance], planes: list[Plane], places: list[_Place]) -> list[Instance]:
    """Give each instance the place of its first frame: mm along the normal of the series' first slice with
    one.
    """
    orientation = next((plane.orientation for plane in planes if plane.position and plane.orientation), None)
    normal = slice_normal(orientation) if orientation else None
    first = {row.pk: plane for (row, number), plane in zip(places, planes, strict=True) if number == 1}
    changed = []
    for row in instances:
        plane = first.get(row.pk)
        known = normal is not None and plane is not None and plane.position is not None
        position = round(float(normal @ plane.position), 4) if known else None  # type: ignore[operator,union-attr]
        if position != row.position:
            row.position = position
            changed.append(row)
    return changed


def _stored_order(instances: list[Instance]) -> list[str]:
    """The order that `selectors.frames.ordered_instances` gives."""
    infinity = float("inf")

    def place(row: Instance) -> tuple[float, float, int]:
        return (
            infinity if row.position is None else row.position,
            infinity if row.number is None else row.number,
            row.pk,
        )

    ordered = sorted(instances, key=place)
    return [frame_key(row.pk, number) for row in ordered for number in range(1, row.frames + 1)]


def _described(geometry: SeriesGeometry, planes: list[Plane], places: list[_Place]) -> dict[str, Any]:
    """The geometry as JSON: millimetres, LPS; `spacing` is between slices, between rows, between columns."""
    first = planes[geometry.order[0]]
    row_mm, column_mm = first.spacing or (None, None)
    return {
        "is_volume": geometry.is_volume,
        "reason": geometry.reason,
        "spacing": [geometry.spacing, row_mm, column_mm],
        "affine": geometry.affine.tolist() if geometry.affine is not None else None,
        "letters": list(edge_letters(first.orientation)) if first.orientation else None,
        "volumes": max(len(geometry.groups), 1),
        "findings": [
            {
                "code": finding.code,
                "message": finding.message,
                "value": finding.value,
                "count": len(finding.slices),
                "frames": [frame_key(places[i][0].pk, places[i][1]) for i in finding.slices[:_FRAMES_NAMED]],
            }
            for finding in geometry.findings
        ],
    }
