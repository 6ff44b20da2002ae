"""The manifest: the one file from which learning knows its images, labels, splits and task.

Format ``fovea-manifest-1`` is JSON. A part that is missing from an item (``answers``, ``slices``, ``boxes``) is
unknown and never enters a loss; ``"slices": {}`` means that somebody looked and segmented nothing.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast, get_args

from ml.data.task import Task, task_from_json

FORMAT = "fovea-manifest-1"
SPLITS = ("train", "val", "test", "pool")
FrameKind = Literal["dicom", "raster", "nifti"]
KINDS: tuple[FrameKind, ...] = get_args(FrameKind)


class ManifestError(ValueError):
    """A manifest that cannot be learned from; ``reason`` is a stable code, the message says what to do."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class FrameRef:
    """Where one 2D image lies: a file, its frame number from 1 and the SHA-256 of the file's bytes."""

    key: str
    path: str
    sha256: str
    frame: int = 1
    kind: FrameKind = "dicom"


@dataclass(frozen=True)
class MaskRef:
    """A stored label map: zlib of fovea-rle-1, named by its SHA-256."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Item:
    """One unit of annotation: an image or a series of frames, with what is known about it.

    ``position`` is the item's slice position in its series (slices); ``attributes`` are groups to report
    metrics by (site, scanner, sex, age).
    """

    id: str
    split: str
    frames: tuple[FrameRef, ...]
    patient: str = ""
    series: str = ""
    cluster: str = ""
    position: float = 0.0
    answers: Mapping[str, Any] | None = None
    slices: Mapping[str, MaskRef] | None = None
    boxes: tuple[Mapping[str, Any], ...] | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def labelled(self) -> bool:
        """Whether any part is known."""
        return self.answers is not None or self.slices is not None or self.boxes is not None

    @property
    def group(self) -> str:
        """What must stay together in splits and bootstraps: the patient, else the series, else the item."""
        return self.patient or self.series or self.id

    def content_hash(self) -> str:
        """SHA-256 over the frames' content, the same wherever the files lie."""
        text = "\n".join(f"{f.sha256} {f.frame}" for f in self.frames)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Manifest:
    """A task and its items."""

    task: Task
    items: tuple[Item, ...]
    seed: int = 0

    def split(self, name: str, *, labelled: bool | None = None) -> tuple[Item, ...]:
        """The items of one split, optionally only those with (or without) a label."""
        chosen = (item for item in self.items if item.split == name)
        return tuple(item for item in chosen if labelled is None or item.labelled is labelled)

    def by_id(self) -> dict[str, Item]:
        """Items by their id."""
        return {item.id: item for item in self.items}

    def to_json(self) -> dict[str, Any]:
        """The manifest as JSON."""
        return {
            "format": FORMAT,
            "task": self.task.to_json(),
            "seed": self.seed,
            "items": [_item_to_json(item) for item in self.items],
        }

    def hash(self) -> str:
        """SHA-256 of the canonical JSON (sorted keys, no spaces)."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def read_manifest(path: str | os.PathLike[str]) -> Manifest:
    """Read and check a manifest file.

    Raises:
        ManifestError: the file is missing, is not JSON, or breaks the format (see :func:`parse_manifest`).
    """
    try:
        raw = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ManifestError("manifest_missing", "There is no manifest file; write one first.") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ManifestError("manifest_not_json", f"The manifest is not JSON: {error}.") from error
    return parse_manifest(raw)


def write_manifest(manifest: Manifest, path: str | os.PathLike[str]) -> str:
    """Write ``manifest`` by an atomic rename and return its hash."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}")
    part.write_text(json.dumps(manifest.to_json(), ensure_ascii=False), encoding="utf-8")
    part.replace(target)
    return manifest.hash()


def parse_manifest(raw: Any) -> Manifest:
    """Check a manifest's JSON and make it a :class:`Manifest`.

    Raises:
        ManifestError: with ``reason`` manifest_format, task_invalid, item_invalid, item_repeated, split_unknown,
            answer_unknown or patient_in_two_splits.
    """
    if not isinstance(raw, Mapping) or raw.get("format") != FORMAT:
        raise ManifestError("manifest_format", f"The manifest must be an object with the format “{FORMAT}”.")
    try:
        task = task_from_json(raw.get("task", {}))
    except (KeyError, TypeError, ValueError) as error:
        raise ManifestError("task_invalid", f"The manifest's task cannot be read: {error}") from error
    if not task.kinds:
        raise ManifestError("task_invalid", "The task asks for nothing; give it questions, classes or boxes.")
    items = tuple(_parse_item(entry, number) for number, entry in enumerate(raw.get("items", ())))
    manifest = Manifest(task=task, items=items, seed=int(raw.get("seed", 0)))
    _check(manifest)
    return manifest


def _parse_item(raw: Any, number: int) -> Item:
    try:
        slices = raw.get("slices")
        boxes = raw.get("boxes")
        return Item(
            id=str(raw["id"]),
            split=str(raw["split"]),
            frames=tuple(_parse_frame(frame) for frame in raw["frames"]),
            patient=str(raw.get("patient") or ""),
            series=str(raw.get("series") or ""),
            cluster=str(raw.get("cluster") or ""),
            position=float(raw.get("position") or 0.0),
            answers=raw.get("answers"),
            slices=None
            if slices is None
            else {str(k): MaskRef(str(v["path"]), str(v["sha256"])) for k, v in slices.items()},
            boxes=None if boxes is None else tuple(boxes),
            attributes={str(k): str(v) for k, v in (raw.get("attributes") or {}).items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ManifestError("item_invalid", f"Item number {number} of the manifest: {error!r}.") from error


def _parse_frame(raw: Mapping[str, Any]) -> FrameRef:
    frame = FrameRef(
        key=str(raw["key"]),
        path=str(raw["path"]),
        sha256=str(raw["sha256"]),
        frame=int(raw.get("frame", 1)),
        kind=cast(FrameKind, raw.get("kind", "dicom")),
    )
    if frame.kind not in KINDS or frame.frame < 1:
        raise ValueError(f"frame {frame.key}: the kind is one of {KINDS}, frames count from 1")
    return frame


def _check(manifest: Manifest) -> None:
    counts = Counter(item.id for item in manifest.items)
    repeated = [name for name, count in counts.items() if count > 1]
    if repeated:
        raise ManifestError("item_repeated", f"Item ids must differ; “{repeated[0]}” comes more than once.")
    for item in manifest.items:
        if item.split not in SPLITS:
            raise ManifestError("split_unknown", f"Item {item.id}: the split is one of {', '.join(SPLITS)}.")
        if not item.frames:
            raise ManifestError("item_invalid", f"Item {item.id} has no frames.")
        _check_answers(manifest.task, item)
        keys = {frame.key for frame in item.frames}
        if item.slices and not keys.issuperset(item.slices):
            raise ManifestError("item_invalid", f"Item {item.id} has a mask for a frame it does not hold.")
    _check_patients(manifest.items)


def _check_answers(task: Task, item: Item) -> None:
    for question in task.questions:
        if item.answers is None or question.key not in item.answers:
            continue
        answer = item.answers[question.key]
        many = isinstance(answer, list)
        values = answer if many else [answer]
        unknown = [value for value in values if value not in question.options]
        if unknown or many != (question.type == "multiple"):
            raise ManifestError(
                "answer_unknown",
                f"Item {item.id}: “{answer}” does not answer “{question.key}” ({question.type}: "
                f"{', '.join(question.options)}).",
            )


def _check_patients(items: Iterable[Item]) -> None:
    """A patient on both sides of the test line would make every figure too good."""
    sides: dict[str, str] = {}
    for item in items:
        if not item.patient:
            continue
        side = "test" if item.split == "test" else "learning"
        if sides.setdefault(item.patient, side) != side:
            raise ManifestError(
                "patient_in_two_splits",
                f"Item {item.id}: its patient is in the test split and outside it; split by patient.",
            )


def _item_to_json(item: Item) -> dict[str, Any]:
    raw: dict[str, Any] = {
        "id": item.id,
        "patient": item.patient,
        "series": item.series,
        "split": item.split,
        "cluster": item.cluster,
        "position": item.position,
        "frames": [
            {"key": f.key, "path": f.path, "frame": f.frame, "sha256": f.sha256, "kind": f.kind}
            for f in item.frames
        ],
    }
    if item.answers is not None:
        raw["answers"] = dict(item.answers)
    if item.slices is not None:
        raw["slices"] = {k: {"path": m.path, "sha256": m.sha256} for k, m in item.slices.items()}
    if item.boxes is not None:
        raw["boxes"] = [dict(box) for box in item.boxes]
    if item.attributes:
        raw["attributes"] = dict(item.attributes)
    return raw
