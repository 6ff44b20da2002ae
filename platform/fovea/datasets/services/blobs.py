"""Rows for stored files."""

from __future__ import annotations

from collections.abc import Iterable

from fovea.core.storage import StoredBlob
from fovea.datasets.models import Blob

# A blob as it is kept, and what it is. Source files are never served inline, whatever they claim to be.
OCTETS = "application/octet-stream"


def blobs_record(stored: Iterable[tuple[StoredBlob, str]]) -> None:
    """Make the rows of stored blobs, given with their media types; those that exist stay as they are."""
    rows = {blob.sha256: Blob(sha256=blob.sha256, size=blob.size, media_type=kind) for blob, kind in stored}
    # One order for everybody: two imports of the same files would otherwise wait for each other.
    Blob.objects.bulk_create([rows[key] for key in sorted(rows)], ignore_conflicts=True)
