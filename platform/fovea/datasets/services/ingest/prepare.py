"""One stored file → what will become rows: its header, where its frames lie, metadata for the viewer. No
database here.
"""

from __future__ import annotations

import errno
import json
import logging
import re
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self, cast

from django.conf import settings
from pydicom.uid import UID

from fovea.core.errors import StorageFull
from fovea.core.storage import StoredBlob, blob_adopt, blob_path, blob_read
from fovea.datasets.models.images import InstanceKind
from fovea.datasets.services.ingest.labels import MaskRule
from fovea.datasets.services.ingest.records import Frames, Outcome, Prepared
from fovea.datasets.services.ingest.sniff import HEAD_BYTES, FileType, sniff
from fovea.datasets.services.names import stem
from ml.imaging.decode import Decoder
from ml.imaging.dicom.frames import NATIVE
from ml.imaging.dicom.header import PixelFormat, uid_from
from ml.imaging.errors import UnreadableImage
from ml.imaging.objects import ImageObject, describe
from ml.imaging.serve import ServedFrames
from ml.imaging.sniff import SourceKind

logger = logging.getLogger(__name__)

_UID = re.compile(r"[0-9.]{1,64}")
_DICOMDIR = "1.2.840.10008.1.3.10"
_INT = 2**31 - 1
_CHECK_BYTES = 64 * 2**20  # decoded at a time when looking whether frames can be decoded
_KINDS = {"object": InstanceKind.OTHER}


class Preparer:
    """Reads files; holds the child process that decodes what strangers sent. A context manager."""

    def __init__(self, is_mask: MaskRule) -> None:
        self._is_mask = is_mask
        self._decoder = Decoder()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._open.enter_context(self._decoder)
        drafts = Path(settings.CACHE_ROOT)
        drafts.mkdir(parents=True, exist_ok=True)
        folder = self._open.enter_context(TemporaryDirectory(prefix="import-", dir=drafts))
        self._draft = Path(folder) / "frames"
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def prepare(self, name: str, sha256: str) -> Prepared | Outcome:
        """The object in a file, or why there is none. Never raises for what a file holds; StorageFull for a
        full disk.
        """
        head = blob_read(sha256, 0, HEAD_BYTES)
        kind = sniff(head, name)
        if kind is FileType.LABELS or (kind in _MASK_TYPES and self._is_mask(name)):
            return Outcome("label")
        if not head:
            return Outcome("failed", "unreadable", "The file is empty.")
        if kind is FileType.OTHER:
            return Outcome(
                "ignored", "not_an_image", "Neither an image that can be read here nor a table of labels."
            )
        try:
            return self._object(name, sha256)
        except UnreadableImage as error:
            return Outcome("failed", error.reason, error.message)
        except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, LookupError) as error:
            # The message could quote the file; the type alone tells where to look.
            logger.warning("file %s: unexpected %s while reading", sha256[:12], type(error).__name__)
            return Outcome("failed", "unreadable", "The file's structure is broken.")

    def thumbnail(self, path: Path, frame: int, kind: str) -> bytes | None:
        """A small JPEG of a frame, None when it cannot be made."""
        try:
            return self._decoder.thumbnail(path, frame=frame, kind=cast(SourceKind, kind))
        except UnreadableImage:
            return None

    def _object(self, name: str, sha256: str) -> Prepared | Outcome:
        path = blob_path(sha256)
        found = describe(path)
        header = found.header
        if header.sop_class_uid == _DICOMDIR:
            return Outcome("ignored", "directory", "A DICOMDIR lists files and is none of them.")
        if header.kind == "object" and UID(header.sop_class_uid).name.endswith("Image Storage"):
            raise UnreadableImage("no_pixels")
        prepared = _described(found, name, sha256)
        if header.kind != "image":
            return prepared
        return self._with_frames(prepared, found, path)

    def _with_frames(self, prepared: Prepared, found: ImageObject, path: Path) -> Prepared:
        pixels = found.header.pixels
        if pixels is None:
            raise UnreadableImage("no_pixels")
        served = self._served(path, found, pixels)
        if served.derived:
            blob = blob_adopt(served.path)
        else:
            blob = StoredBlob(prepared.source_sha256, path.stat().st_size, existed=True)
        metadata = _clean(served.metadata(prepared.metadata))
        frames = Frames(
            blob=blob,
            transfer_syntax_uid=served.transfer_syntax,
            rows=pixels.rows,
            columns=pixels.columns,
            samples=int(metadata.get("00280002", {}).get("Value", [pixels.samples])[0]),
            offsets=[offset for offset, _ in served.ranges],
            lengths=[length for _, length in served.ranges],
        )
        return replace(prepared, frames=frames, metadata=metadata)

    def _served(self, path: Path, found: ImageObject, pixels: PixelFormat) -> ServedFrames:
        """What frames are served from. Compressed frames that are sent as they came are decoded once, to see
        that they can be.
        """
        try:
            served = self._decoder.serve(path, self._draft, kind=found.source)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StorageFull("The disk is full: free some space, and retry the import.") from error
            raise
        if not served.derived and served.transfer_syntax not in NATIVE:
            step = max(_CHECK_BYTES * 8 // max(pixels.frame_bits, 1), 1)
            for first in range(1, pixels.frames + 1, step):
                frames = range(first, min(first + step, pixels.frames + 1))
                self._decoder.decode(path, frames, kind=found.source)
        return served


_MASK_TYPES = frozenset({FileType.PNG, FileType.JPEG, FileType.TIFF, FileType.NIFTI})


def _described(found: ImageObject, name: str, sha256: str) -> Prepared:
    """The object without its frames. Values are cut to what the tables hold; malformed UIDs are replaced,
    always alike.
    """
    header, identity = found.header, found.header.identity
    uids = {
        "0020000D": _uid(header.study_uid, "study"),
        "0020000E": _uid(header.series_uid, "series"),
        "00080018": _uid(header.sop_instance_uid, "instance"),
    }
    known = bool(identity.patient_id) and found.source == "dicom"
    unknown = uids["0020000D"] if found.source == "dicom" else stem(name)
    return Prepared(
        source_sha256=sha256,
        source_kind=found.source,
        kind=_KINDS.get(header.kind, header.kind),
        patient_key=_text(identity.patient_id if known else unknown, 128),
        patient_known=known,
        sex=_text(identity.sex, 16),
        study_uid=uids["0020000D"],
        study_date=_date(header.study_date),
        study_description=_text(header.study_description, 200),
        series_uid=uids["0020000E"],
        modality=_text(header.modality, 16),
        series_number=_int(header.series_number),
        series_description=_text(header.series_description or header.protocol_name, 200),
        body_part=_text(header.body_part, 64),
        frame_of_reference_uid=_text(header.frame_of_reference_uid, 64),
        sop_uid=uids["00080018"],
        sop_class_uid=_text(header.sop_class_uid, 64),
        number=_int(header.instance_number),
        metadata=_clean(found.metadata) | {tag: {"vr": "UI", "Value": [uid]} for tag, uid in uids.items()},
    )


def _uid(value: str, level: str) -> str:
    return value if _UID.fullmatch(value) else uid_from(value, level)


def _text(value: str, length: int) -> str:
    """A text as PostgreSQL takes it."""
    return value.replace("\0", "").encode("utf-8", "replace").decode()[:length]


def _int(value: int | None) -> int | None:
    return value if value is not None and abs(value) <= _INT else None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:8])
    except ValueError:
        return None


def _clean(metadata: dict[str, Any]) -> dict[str, Any]:
    """DICOM JSON without what PostgreSQL's JSON refuses: NUL characters and halves of surrogate pairs."""
    text = json.dumps(metadata)
    if "\\u0000" not in text and "\\ud" not in text:
        return metadata
    cleaned: dict[str, Any] = _cleaned(metadata)
    return cleaned


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {key: _cleaned(part) for key, part in value.items()}
    return [_cleaned(part) for part in value] if isinstance(value, list) else value
