"""Predictions to pre-fill: answers, masks at full frame size and a confidence, one JSON line an item."""

import base64
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ml.data.cache import FrameCache
from ml.data.manifest import Item, read_manifest
from ml.data.preprocess import Placement, restore
from ml.data.progress import OnProgress, Pace, Progress, ShouldStop, ignore_progress, never_stop
from ml.data.task import Question
from ml.data.units import label_values
from ml.imaging.masks import encode_rle
from ml.inference.batches import Step, pick_device, run_batches, trained_threads
from ml.inference.passes import parse_passes
from ml.inference.reduce import reduce_output
from ml.models.files import ModelCard, load_model
from ml.models.network import answer_probabilities

PREDICTIONS_FILE = "predictions.jsonl"


def predict(
    run_dir: str | os.PathLike[str],
    manifest_path: str | os.PathLike[str],
    out_dir: str | os.PathLike[str],
    ids: Iterable[str],
    *,
    passes: str = "flips",
    batch_size: int = 16,
    device: str = "auto",
    threads: int | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    on_progress: OnProgress = ignore_progress,
    should_stop: ShouldStop = never_stop,
) -> Path:
    """Write ``out_dir/predictions.jsonl``: one line an item, in the order of ``ids``.

    A line is ``{"id", "content", "confidence", "probabilities", "frame_confidence"}``; ``content`` has the shape of
    an annotation, masks as base64 of fovea-rle-1 at the frame's own size, all-background frames left out.

    Raises:
        ManifestError, WeightsError, ValueError: a bad manifest or model, or an id the manifest does not hold.
        Cancelled: ``should_stop`` said so; no file is written.
    """
    by_id = read_manifest(manifest_path).by_id()
    wanted = list(ids)
    unknown = [name for name in wanted if name not in by_id]
    if unknown:
        raise ValueError(f"The manifest has no item “{unknown[0]}”; ask only for items it holds.")
    items = [by_id[name] for name in wanted]
    place = pick_device(device, trained_threads(Path(run_dir)) if threads is None else threads)
    network, card = load_model(Path(run_dir), place)
    cache = FrameCache(Path(cache_dir or Path(run_dir).parent / "tensor-cache"), card.preprocess)
    frames = [frame for item in items for frame in item.frames]
    cache.ensure(frames, on_progress=on_progress, should_stop=should_stop)
    results: list[dict[str, Any]] = []
    pace = Pace()
    for step in run_batches(
        network,
        cache,
        frames,
        passes=parse_passes(passes, card.flips),
        batch_size=batch_size,
        device=place,
        should_stop=should_stop,
    ):
        results.extend(_frame_results(card, step))
        done = len(results)
        on_progress(Progress("predict", done, len(frames), eta_seconds=pace.eta(done, len(frames))))
    return _write(Path(out_dir), card, items, results)


def _frame_results(card: ModelCard, step: Step) -> list[dict[str, Any]]:
    """Per frame: confidence, probabilities per question, and the label map's code (None for background only)."""
    with torch.inference_mode():
        reduced = reduce_output(card.task, step.output, step.placements, card.temperatures)
    confidence = reduced["confidence"].cpu().numpy()
    answers = {
        question.key: answer_probabilities(
            question, step.output.answers[question.key], card.temperatures.get(question.key, 1.0)
        )
        .mean(0)
        .cpu()
        .numpy()
        for question in card.task.questions
    }
    results = []
    for row, placement in enumerate(step.placements):
        code = None
        if step.output.masks is not None:
            code = encode_mask(label_map(card, step.output.masks[:, row], placement))
        shares = {key: values[row] for key, values in answers.items()}
        results.append({"confidence": float(confidence[row]), "answers": shares, "mask": code})
    return results


def label_map(card: ModelCard, logits: torch.Tensor, placement: Placement) -> np.ndarray:
    """Label map uint8 [rows, columns] at full frame size from mask logits [P, K + 1, H, W] of one frame.

    Probabilities are averaged over the passes and interpolated before the best class is taken, which keeps borders
    smooth where labels themselves would turn to stairs.
    """
    probabilities = torch.softmax(logits / card.temperatures.get("masks", 1.0), dim=1).mean(0)
    best = restore(probabilities, placement).argmax(0).cpu().numpy()
    return label_values(card.task)[best]


def encode_mask(labels: np.ndarray) -> str | None:
    """Base64 of a label map's code; None when all is background."""
    if not labels.any():
        return None
    return base64.b64encode(encode_rle(labels)).decode()


def _write(out_dir: Path, card: ModelCard, items: Sequence[Item], results: Sequence[dict[str, Any]]) -> Path:
    out_dir.mkdir(parents=True, exist_ok=True)
    part = out_dir / f".{PREDICTIONS_FILE}.part"
    start = 0
    with part.open("w", encoding="utf-8") as file:
        for item in items:
            stop = start + len(item.frames)
            line = item_prediction(card, item, results[start:stop])
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            start = stop
    return part.rename(out_dir / PREDICTIONS_FILE)


def item_prediction(card: ModelCard, item: Item, results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One item's line from its frames' results; questions are answered by the mean over frames."""
    content: dict[str, Any] = {}
    probabilities: dict[str, dict[str, float]] = {}
    if card.task.questions:
        content["answers"] = {}
    for question in card.task.questions:
        mean = np.mean([result["answers"][question.key] for result in results], axis=0)
        content["answers"][question.key] = choose(question, mean)
        values = [round(float(p), 6) for p in mean]
        probabilities[question.key] = dict(zip(question.options, values, strict=True))
    keys = [frame.key for frame in item.frames]
    if card.task.classes:
        masks = {key: result["mask"] for key, result in zip(keys, results, strict=True)}
        content["slices"] = {key: code for key, code in masks.items() if code is not None}
    sure = [result["confidence"] for result in results]
    return {
        "id": item.id,
        "content": content,
        "confidence": round(float(np.mean(sure)), 6),
        "probabilities": probabilities,
        "frame_confidence": {key: round(value, 6) for key, value in zip(keys, sure, strict=True)},
    }


def choose(question: Question, probabilities: np.ndarray) -> str | list[str]:
    """The answer a model gives: the likeliest option, or for ``multiple`` all at 0.5 and more."""
    if question.type == "multiple":
        return [option for option, p in zip(question.options, probabilities, strict=True) if p >= 0.5]
    return question.options[int(np.argmax(probabilities))]
