"""What the WADO-RS routes read: where frames lie, and the metadata of a series."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import TextField
from django.db.models.functions import Cast

from fovea.accounts.access import Actor, require
from fovea.datasets.models import Series
from fovea.datasets.selectors.datasets import dataset_scope, not_here
from fovea.datasets.selectors.frames import ordered_instances


@dataclass(frozen=True)
class StoredFrames:
    """An instance's frames: number n is `lengths[n - 1]` bytes from `offsets[n - 1]` of the blob."""

    sha256: str
    transfer_syntax_uid: str
    offsets: tuple[int, ...]
    lengths: tuple[int, ...]


def series_at(*, actor: Actor, dataset_slug: str, study_uid: str, series_uid: str) -> int:
    """The primary key of the series under an address, when the actor may see it. Raises NotFound."""
    rows = Series.objects.filter(dataset__slug=dataset_slug, study__uid=study_uid, uid=series_uid)
    found = rows.values_list("id", "dataset_id").first()
    if found is None:
        not_here()
    require(actor, "dataset.view", dataset_scope(found[1]))
    return found[0]


def stored_frames(series_id: int) -> dict[str, StoredFrames]:
    """Where the frames of a series lie, by SOP instance UID."""
    rows = ordered_instances(series_id).filter(frames__gt=0)
    fields = rows.values_list("sop_uid", "frames_blob_id", "transfer_syntax_uid", "offsets", "lengths")
    return {
        uid: StoredFrames(blob, syntax, tuple(offsets), tuple(lengths))
        for uid, blob, syntax, offsets, lengths in fields
    }


def series_metadata(series_id: int) -> bytes:
    """The DICOM JSON of a series' instances as one array, in geometric order.

    Joined as text, as PostgreSQL keeps it: nothing is parsed to be written out again.
    """
    rows = ordered_instances(series_id).annotate(text=Cast("metadata__dicom_json", TextField()))
    return b"[" + b",".join(text.encode() for text in rows.values_list("text", flat=True) if text) + b"]"
