"""One training run from a manifest to a run folder; calling it again on the same folder goes on where it stopped."""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ml.data.cache import FrameCache
from ml.data.manifest import Item, Manifest, read_manifest, write_manifest
from ml.data.preprocess import Preprocess
from ml.data.progress import Cancelled, OnProgress, Progress, ShouldStop, ignore_progress, never_stop
from ml.data.task import Task
from ml.data.units import UNKNOWN, encode_answers
from ml.inference.batches import pick_device
from ml.inference.passes import parse_passes
from ml.models.files import WEIGHTS_FILE, ModelCard, read_card, save_model
from ml.models.network import Network, NetworkSpec, on_device
from ml.models.weights import WeightsRecord, initialise
from ml.training.card import write_model_card
from ml.training.collect import collect
from ml.training.config import TrainConfig
from ml.training.evaluate import evaluate_network
from ml.training.examples import Examples
from ml.training.loop import Fit, TrainingError, fit
from ml.training.plan import preprocess_for, settle
from ml.training.report import fit_temperatures, headline_value

METRICS_FILE = "metrics.json"
CONFIG_FILE = "config.json"


@dataclass(frozen=True)
class TrainResult:
    """How a run ended. ``metrics`` is the content of metrics.json (empty when cancelled)."""

    state: str
    steps: int
    metrics: dict[str, Any]
    headline: float | None
    weights_path: str
    weights_sha256: str
    seconds: float


def train(
    manifest_path: str | os.PathLike[str],
    run_dir: str | os.PathLike[str],
    config: TrainConfig,
    *,
    on_progress: OnProgress = ignore_progress,
    should_stop: ShouldStop = never_stop,
    cache_dir: str | os.PathLike[str] | None = None,
) -> TrainResult:
    """Train, calibrate on the validation split, evaluate on the test split and write the run folder.

    The folder holds config.json, manifest.json, model.json, metrics.json, curve.jsonl, weights.safetensors,
    model_card.md and the last checkpoint. A finished folder is returned as it is; an unfinished one goes on.

    Raises:
        ManifestError: the manifest cannot be used.
        TrainingError: ``boxes_not_learned``, ``nothing_labelled``, ``one_class_only``, ``other_run`` (the folder belongs to another
            manifest or configuration) or ``diverged``.
        WeightsError, ValueError: weights or settings that cannot be used.
    """
    started = time.monotonic()
    manifest, folder = read_manifest(manifest_path), Path(run_dir)
    items = manifest.split("train", labelled=True)
    check_labels(manifest.task, items)
    config = settle(config, items)
    _claim(folder, manifest, config)
    if (folder / METRICS_FILE).exists():
        return _result(folder, "finished", config.steps, time.monotonic() - started)
    device = pick_device(config.device, config.threads)
    cache = FrameCache(
        Path(cache_dir or folder.parent / "tensor-cache"),
        preprocess_for(config, items),
        workers=config.decode_workers,
    )
    try:
        network, card, record, fitted = _fit(
            manifest, folder, config, device, cache, on_progress, should_stop
        )
        if fitted.state == "cancelled":
            raise Cancelled
        on_progress(Progress("evaluate", fitted.steps, config.steps))
        card = _calibrated(network, card, cache, manifest, config, device, should_stop)
        save_model(folder, card, network.state_dict())
        metrics = evaluate_network(network, card, cache, manifest, config, device, should_stop)
    except Cancelled:
        return TrainResult("cancelled", 0, {}, None, "", "", time.monotonic() - started)
    metrics |= {
        "weights": record.to_json(),
        "recipe": list(config.reasons),
        "steps": fitted.steps,
        "stopped_early": fitted.stopped_early,
        "train_items": len(items),
        "manifest_sha256": manifest.hash(),
        "seconds": round(time.monotonic() - started, 1),
    }
    write_model_card(folder, read_card(folder), config, metrics)
    _write_json(folder / METRICS_FILE, metrics)
    return _result(folder, "finished", fitted.steps, time.monotonic() - started)


def check_labels(task: Task, items: Sequence[Item]) -> None:
    """Whether there is anything to learn.

    Raises:
        TrainingError: ``boxes_not_learned``, ``nothing_labelled`` or ``one_class_only``.
    """
    if not task.kinds - {"detection"}:
        raise TrainingError(
            "boxes_not_learned", "No architecture learns boxes yet; add a question or a mask class."
        )
    if not items:
        raise TrainingError(
            "nothing_labelled", "No item of the training split is labelled; label some first."
        )
    if task.classes and any(item.slices is not None for item in items):
        return
    for question in task.questions:
        target = encode_answers(items, question)
        known = target[target != UNKNOWN] if target.ndim == 1 else target[(target != UNKNOWN).all(1)]
        if len(torch.unique(known, dim=0)) > 1:
            return
    raise TrainingError(
        "one_class_only", "All labels so far are the same; label an image of another class, then train."
    )


def _claim(folder: Path, manifest: Manifest, config: TrainConfig) -> None:
    """Take the folder, or make sure that it belongs to this very run."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / CONFIG_FILE
    if not path.exists():
        write_manifest(manifest, folder / "manifest.json")
        _write_json(path, config.to_json() | {"manifest_sha256": manifest.hash()})
        return
    stored = json.loads(path.read_text())
    same_data = stored.pop("manifest_sha256") == manifest.hash()
    if not same_data or TrainConfig.from_json(stored) != config:
        raise TrainingError(
            "other_run", "This folder holds another run (other data or settings); give each run its own."
        )


def _fit(
    manifest: Manifest,
    folder: Path,
    config: TrainConfig,
    device: torch.device,
    cache: FrameCache,
    on_progress: OnProgress,
    should_stop: ShouldStop,
) -> tuple[Network, ModelCard, WeightsRecord, Fit]:
    learned = manifest.split("train", labelled=True)
    checked = manifest.split("val", labelled=True)
    held_out = manifest.split("test", labelled=True)
    frames = [frame for item in (*learned, *checked, *held_out) for frame in item.frames]
    cache.ensure(frames, on_progress=on_progress, should_stop=should_stop)
    network, card, record = new_network(manifest.task, config, cache.preprocess)
    on_device(network, device)
    passes = parse_passes("plain")

    def validate(averaged: Network) -> float | None:
        found = collect(
            averaged, card, cache, checked, passes=passes, batch_size=config.batch_size, device=device,
            should_stop=should_stop,
        )  # fmt: skip
        return headline_value(found, manifest.task)

    fitted = fit(
        network,
        Examples(learned, manifest.task, cache, device),
        config,
        validate=validate if checked else None,
        early_stopping=len(checked) >= config.min_validation,
        run_dir=folder,
        on_progress=on_progress,
        should_stop=should_stop,
    )
    return fitted.network, card, record, fitted


def new_network(
    task: Task, config: TrainConfig, preprocess: Preprocess
) -> tuple[Network, ModelCard, WeightsRecord]:
    """A network with its first weights, by the seed, and its card.

    A freezing policy is left out when the weights are random: frozen noise learns nothing.
    """
    torch.manual_seed(config.seed)
    spec = NetworkSpec(
        config.architecture, preprocess.channels, preprocess.size, config.dropout, config.interactive
    )
    network = Network(spec, task)
    record = initialise(network, config.weights, licence=config.weights_licence)
    if record.source != "scratch":
        network.freeze(config.freeze)
    return network, ModelCard(spec, task, preprocess, config.flips), record


def _calibrated(
    network: Network,
    card: ModelCard,
    cache: FrameCache,
    manifest: Manifest,
    config: TrainConfig,
    device: torch.device,
    should_stop: ShouldStop,
) -> ModelCard:
    """The card with temperatures fitted on the validation split."""
    found = collect(
        network,
        card,
        cache,
        manifest.split("val", labelled=True),
        passes=parse_passes(config.passes, card.flips),
        batch_size=config.batch_size,
        device=device,
        should_stop=should_stop,
    )
    return replace(card, temperatures=fit_temperatures(found, manifest.task))


def _result(folder: Path, state: str, steps: int, seconds: float) -> TrainResult:
    metrics = json.loads((folder / METRICS_FILE).read_text())
    card = read_card(folder)
    return TrainResult(
        state=state,
        steps=metrics.get("steps", steps),
        metrics=metrics,
        headline=metrics["headline"]["value"],
        weights_path=str(folder / WEIGHTS_FILE),
        weights_sha256=card.weights_sha256,
        seconds=seconds,
    )


def _write_json(path: Path, content: dict[str, Any]) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(content, indent=1, ensure_ascii=False))
    part.rename(path)
