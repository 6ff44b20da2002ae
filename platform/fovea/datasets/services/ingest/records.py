"""One file, read: what will become rows. Plain data between reading (no database) and storing (no files)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from fovea.core.storage import StoredBlob


@dataclass(frozen=True)
class Frames:
    """What frames are served from: frame n is `lengths[n - 1]` bytes from `offsets[n - 1]` of `blob`."""

    blob: StoredBlob
    transfer_syntax_uid: str
    rows: int
    columns: int
    samples: int
    offsets: list[int]
    lengths: list[int]


@dataclass(frozen=True)
class Prepared:
    """One object, ready to be stored. `patient_known` is false when `patient_key` is only the file's own
    name.
    """

    source_sha256: str
    source_kind: str
    kind: str
    patient_key: str
    patient_known: bool
    study_uid: str
    series_uid: str
    sop_uid: str
    sop_class_uid: str = ""
    modality: str = ""
    sex: str = ""
    study_date: date | None = None
    study_description: str = ""
    series_number: int | None = None
    series_description: str = ""
    body_part: str = ""
    frame_of_reference_uid: str = ""
    number: int | None = None
    frames: Frames | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What became of a file that is not stored: a status of ImportFile, a reason code, a message without
    patient data.
    """

    status: str
    reason: str = ""
    message: str = ""
