"""From items and labels to manifest files: all that learning ever sees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from annotations.models import AnnotationVersion, Item
from annotations.selectors import submitted_versions
from fovea.core.storage import blob_path
from fovea.datasets.models import Project
from fovea.datasets.selectors.frames import frames_of
from ml.data.manifest import FrameRef, Manifest, MaskRef, write_manifest
from ml.data.manifest import Item as Entry
from ml.data.task import task_from_json

_RELATED = ("series__dataset", "series__study", "instance", "patient")


def labelled_manifest(project: Project, spec: dict[str, Any]) -> Manifest:
    """The items with a submitted version, in their splits; those of no split are left out."""
    rows = submitted_versions(project.pk).select_related("item", "schema")
    versions = {version.item_id: version for version in rows}
    items = Item.objects.filter(pk__in=versions).exclude(split="").select_related(*_RELATED).order_by("pk")
    entries = [_entry(item, item.split, versions[item.pk], spec) for item in items.iterator(chunk_size=2_000)]
    return Manifest(task_from_json(spec), tuple(entry for entry in entries if entry.frames), project.pk)


def pool_manifest(project: Project, spec: dict[str, Any], item_ids: Iterable[int]) -> Manifest:
    """Items to be scored or predicted; their labels, if any, are not in it."""
    items = (
        Item.objects.filter(project=project, pk__in=list(item_ids)).select_related(*_RELATED).order_by("pk")
    )
    entries = (_entry(item, "pool", None, spec) for item in items.iterator(chunk_size=2_000))
    return Manifest(task_from_json(spec), tuple(entry for entry in entries if entry.frames), project.pk)


def manifest_write(manifest: Manifest, path: Path) -> str:
    """Write a manifest file by an atomic rename and return its hash."""
    return write_manifest(manifest, path)


def _entry(item: Item, split: str, version: AnnotationVersion | None, spec: dict[str, Any]) -> Entry:
    frames = tuple(_frames(item))
    keys = {frame.key for frame in frames}
    return Entry(
        id=str(item.pk),
        split=split,
        frames=frames,
        patient=str(item.patient_id) if item.patient.is_known else "",
        series=str(item.series_id) if item.series.frame_count > 1 else "",
        cluster=item.cluster,
        position=float(item.instance.position or 0.0) if item.instance else 0.0,
        attributes={"sex": item.patient.sex} if item.patient.sex else {},
        **(_labels(version, spec, keys) if version else {}),
    )


def _frames(item: Item) -> Iterator[FrameRef]:
    for frame in frames_of(item.series, item.instance):
        yield FrameRef(
            key=frame.key, path=str(frame.path), sha256=frame.sha256, frame=frame.number, kind=frame.kind
        )


def _labels(version: AnnotationVersion, spec: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    """The parts that the version states and the schema still asks; anything else stays unknown."""
    labels: dict[str, Any] = {}
    content, asked = version.content, {question["key"] for question in version.schema.spec["questions"]}
    if spec["questions"] and "answers" in content:
        labels["answers"] = _answers(content["answers"], spec, asked)
    if spec["classes"] and "slices" in content:
        labels["slices"] = {
            key: MaskRef(str(blob_path(name)), name) for key, name in content["slices"].items() if key in keys
        }
    if spec["boxes"] and "boxes" in content:
        kinds = {box["name"] for box in spec["boxes"]}
        labels["boxes"] = tuple(box for box in content["boxes"] if box["class"] in kinds)
    return labels


def _answers(answers: dict[str, Any], spec: dict[str, Any], asked: set[str]) -> dict[str, Any]:
    """Answers that the current schema still knows; a `multiple` that was asked and left empty means none of them."""
    known: dict[str, Any] = {}
    for question in spec["questions"]:
        key, options = question["key"], {option["value"] for option in question["options"]}
        if question["type"] == "multiple" and key in asked:
            known[key] = [value for value in answers.get(key, []) if value in options]
        elif question["type"] != "multiple" and answers.get(key) in options:
            known[key] = answers[key]
    return known
