"""Uploads: one file each, in as many requests as it takes; cut off anywhere, it goes on where it stopped.

The bytes gather in a file of `UPLOAD_ROOT` named by the upload's id (never by what the person calls it).
`Upload.received` is the truth: bytes beyond it are left from a request that did not finish, and are written
over.
"""

from __future__ import annotations

import errno
import os
import shutil
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from fovea.accounts.access import Actor, require
from fovea.core.errors import Conflict, Invalid, NotFound, StorageFull, TooLarge, TooMany
from fovea.core.storage import blob_adopt
from fovea.datasets.models import Dataset, Upload
from fovea.datasets.selectors.datasets import dataset_scope
from fovea.datasets.services.blobs import OCTETS, blobs_record
from fovea.datasets.services.names import name_cleaned

MAX_OPEN_UPLOADS = 100_000
_FORGOTTEN = timedelta(days=7)
_CHUNK = 1 << 20


def upload_start(*, actor: Actor, dataset: Dataset, name: str, size: int) -> Upload:
    """Announce a file of `size` bytes. Raises TooLarge, StorageFull when the disk cannot take it, TooMany."""
    require(actor, "dataset.import", dataset_scope(dataset))
    if size < 0:
        raise Invalid("`size` is the file's size in bytes.")
    if size > settings.FOVEA_MAX_UPLOAD_BYTES:
        raise TooLarge(f"A file may have up to {settings.FOVEA_MAX_UPLOAD_BYTES:,} bytes here.")
    _forget_old(actor)
    if Upload.objects.filter(user_id=actor.pk)[MAX_OPEN_UPLOADS:].exists():
        raise TooMany("Too many uploads wait for their import; start it, or wait until they expire.")
    _require_room(size)
    upload = Upload.objects.create(dataset=dataset, user_id=actor.pk, name=name_cleaned(name), size=size)
    return _finish(upload) if size == 0 else upload


def upload_get(*, actor: Actor, upload_id: UUID) -> Upload:
    """The actor's own upload, as long as they may import. Raises NotFound."""
    upload = Upload.objects.filter(pk=upload_id, user_id=actor.pk).first()
    if upload is None:
        raise NotFound("There is no such upload: start again by announcing the file.")
    require(actor, "dataset.import", dataset_scope(upload.dataset_id))
    return upload


def upload_append(
    *, actor: Actor, upload_id: UUID, offset: int, content: BinaryIO, length: int | None
) -> Upload:
    """Add bytes at `offset`, which is what has been received so far; the last ones make the file whole.

    Raises Conflict (code `wrong_offset`, details.received) when the offset is another, TooLarge when more
    comes than was announced or than one request may bring, StorageFull; none of these keeps a byte.
    """
    upload_get(actor=actor, upload_id=upload_id)
    if length is not None and length > settings.FOVEA_MAX_REQUEST_BYTES:
        raise TooLarge(
            f"One request may bring up to {settings.FOVEA_MAX_REQUEST_BYTES:,} bytes; send smaller parts."
        )
    with transaction.atomic():
        upload = Upload.objects.select_for_update().get(pk=upload_id)
        if offset != upload.received:
            raise Conflict(
                "The upload goes on at another byte; see details.received.",
                code="wrong_offset",
                received=upload.received,
            )
        limit = min(upload.size - upload.received, settings.FOVEA_MAX_REQUEST_BYTES)
        upload.received += _write(upload_path(upload), offset, content, limit)
        upload.save(update_fields=["received", "updated_at"])
    return _finish(upload) if upload.received == upload.size and upload.blob_id is None else upload


def upload_path(upload: Upload) -> Path:
    """Where an upload's bytes gather."""
    return Path(settings.UPLOAD_ROOT) / f"{upload.pk}.part"


def uploads_discard(uploads: list[Upload]) -> None:
    """Forget uploads and what they left on disk; blobs stay."""
    Upload.objects.filter(pk__in=[upload.pk for upload in uploads]).delete()
    for upload in uploads:
        upload_path(upload).unlink(missing_ok=True)


def _write(path: Path, offset: int, content: BinaryIO, limit: int) -> int:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    written = 0
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.seek(offset)
            while chunk := content.read(_CHUNK):
                written += len(chunk)
                if written > limit:
                    raise TooLarge(
                        "More bytes came than the file was announced with, or than one request may bring."
                    )
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        os.truncate(path, offset)
        raise StorageFull("The disk is full: free some space and send this part again.") from error
    return written


def _finish(upload: Upload) -> Upload:
    """Turn a whole file into a blob. Done twice it gives the same blob, so a crash in between costs
    nothing.
    """
    path = upload_path(upload)
    if upload.size == 0:
        _write(path, 0, BytesIO(), 0)
    os.truncate(path, upload.size)
    blob = blob_adopt(path)
    with transaction.atomic():
        blobs_record([(blob, OCTETS)])
        upload.blob_id = blob.sha256
        upload.save(update_fields=["blob", "updated_at"])
    path.unlink(missing_ok=True)
    return upload


def _forget_old(actor: Actor) -> None:
    before = timezone.now() - _FORGOTTEN
    uploads_discard(list(Upload.objects.filter(user_id=actor.pk, updated_at__lt=before)[:100]))


def _require_room(size: int) -> None:
    root = Path(settings.UPLOAD_ROOT)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A file is written twice for a moment: as an upload, and as the blob it becomes.
    if shutil.disk_usage(root).free < 2 * size + settings.FOVEA_MIN_FREE_BYTES:
        raise StorageFull("The disk has no room for this file: free some space and try again.")
