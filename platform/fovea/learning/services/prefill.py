"""Proposals for the front of the queue, made before anybody opens it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from annotations.content import store
from annotations.models import Item, LabelSchema
from annotations.selectors import item_frames
from fovea.core.errors import Invalid
from fovea.learning.folders import PREDICTIONS, folder_path, tensor_cache
from fovea.learning.models import Prediction, QueueEntry, QueueState, TrainedModel
from fovea.learning.services.manifests import manifest_write, pool_manifest

DEPTH = 50


def prefill_front(
    model: TrainedModel,
    *,
    on_progress: Callable[..., None],
    should_stop: Callable[[], bool],
    depth: int = DEPTH,
) -> int:
    """Draw the model's proposals for the next `depth` items that have none by it; returns how many were stored."""
    from ml.inference.predict import predict

    item_ids = unfilled(model, depth)
    if not item_ids:
        return 0
    schema = LabelSchema.objects.get(project_id=model.project_id, number=model.run.config["schema"])
    folder = folder_path(model.folder) / PREDICTIONS / "front"
    manifest_path = folder / "manifest.json"
    manifest = pool_manifest(model.project, schema.spec, item_ids)
    manifest_write(manifest, manifest_path)
    path = predict(
        folder_path(model.folder),
        manifest_path,
        folder,
        [item.id for item in manifest.items],
        device=settings.FOVEA_DEVICE,
        cache_dir=tensor_cache(),
        on_progress=on_progress,
        should_stop=should_stop,
    )
    return predictions_store(model, schema, path)


def unfilled(model: TrainedModel, depth: int) -> list[int]:
    """Which of the next `depth` waiting items the model has made no proposal for."""
    waiting = QueueEntry.objects.filter(project_id=model.project_id, state=QueueState.WAITING)
    front = list(waiting.order_by("rank", "item_id").values_list("item_id", flat=True)[:depth])
    known = set(Prediction.objects.filter(model=model, item_id__in=front).values_list("item_id", flat=True))
    return [item_id for item_id in front if item_id not in known]


def predictions_store(model: TrainedModel, schema: LabelSchema, path: Path) -> int:
    """Keep the lines of a predictions.jsonl, in the stored form of an annotation's content."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    items = Item.objects.select_related("series__dataset", "series__study", "instance").in_bulk(
        [int(line["id"]) for line in lines]
    )
    rows = []
    for line in lines:
        item = items.get(int(line["id"]))
        if item is not None:
            content = _stored(item, line["content"], schema.spec)
            rows.append(Prediction(item=item, model=model, content=content, confidence=_confidence(line)))
    Prediction.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["item", "model"],
        update_fields=["content", "confidence"],
    )
    return len(rows)


def _stored(item: Item, content: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    """Stored content; slices that came back empty are left out. Raises Invalid when the model's output does not fit."""
    shapes = {frame.key: (frame.rows, frame.columns) for frame in item_frames(item)}
    try:
        stored = store(content, spec=spec, shapes=shapes)
    except Invalid as error:
        raise Invalid(
            f"The model's proposal for item {item.pk} does not fit its frames: {error.message}"
        ) from error
    if "slices" in stored:
        stored["slices"] = {key: name for key, name in stored["slices"].items() if name is not None}
    return stored


def _confidence(line: dict[str, Any]) -> dict[str, Any]:
    return {
        "overall": line["confidence"],
        "answers": line.get("probabilities", {}),
        "classes": line.get("class_confidence", {}),
        "frames": line.get("frame_confidence", {}),
    }
