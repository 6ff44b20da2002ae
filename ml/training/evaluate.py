"""Evaluation of a trained model on the fixed held-out split."""

import os
from pathlib import Path
from typing import Any

import torch

from ml.data.cache import FrameCache
from ml.data.manifest import Manifest, read_manifest
from ml.data.progress import OnProgress, ShouldStop, ignore_progress, never_stop
from ml.inference.batches import pick_device
from ml.inference.passes import parse_passes
from ml.models.files import ModelCard, load_model
from ml.models.network import Network
from ml.training.collect import collect
from ml.training.config import TrainConfig
from ml.training.report import metrics_report


def evaluate(
    run_dir: str | os.PathLike[str],
    manifest_path: str | os.PathLike[str],
    *,
    split: str = "test",
    config: TrainConfig | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    on_progress: OnProgress = ignore_progress,
    should_stop: ShouldStop = never_stop,
) -> dict[str, Any]:
    """Metrics of a run's model on the labelled items of a split, as in metrics.json; nothing is written.

    ``config`` gives passes, batch size, device and resamples; its recipe plays no part.

    Raises:
        ManifestError, WeightsError: a bad manifest or model.
        Cancelled: ``should_stop`` said so.
    """
    config = config or TrainConfig()
    device = pick_device(config.device, config.threads)
    network, card = load_model(Path(run_dir), device)
    manifest = read_manifest(manifest_path)
    cache = FrameCache(Path(cache_dir or Path(run_dir).parent / "tensor-cache"), card.preprocess)
    frames = [frame for item in manifest.split(split, labelled=True) for frame in item.frames]
    cache.ensure(frames, on_progress=on_progress, should_stop=should_stop)
    return evaluate_network(network, card, cache, manifest, config, device, should_stop, split=split)


def evaluate_network(
    network: Network,
    card: ModelCard,
    cache: FrameCache,
    manifest: Manifest,
    config: TrainConfig,
    device: torch.device,
    should_stop: ShouldStop,
    *,
    split: str = "test",
) -> dict[str, Any]:
    """Metrics on ``split``; on the validation split, and said so, where it holds no labelled item."""
    used = split if manifest.split(split, labelled=True) else "val"
    collected = collect(
        network,
        card,
        cache,
        manifest.split(used, labelled=True),
        passes=parse_passes(config.passes, card.flips),
        batch_size=config.batch_size,
        device=device,
        surfaces=True,
        should_stop=should_stop,
    )
    report = metrics_report(collected, manifest.task, card.temperatures, resamples=config.bootstrap)
    report["split"] = used
    report["headline"]["split"] = used
    return report
