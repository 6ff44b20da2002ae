"""Scores the pool: cached canvases in static batches, reduced on the device, one row an item."""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ml.data.cache import FrameCache
from ml.data.manifest import FrameRef, Item, read_manifest
from ml.data.progress import (
    Cancelled,
    OnProgress,
    Pace,
    Progress,
    ShouldStop,
    ignore_progress,
    never_stop,
)
from ml.inference.batches import pick_device, run_batches, trained_threads
from ml.inference.passes import Passes, parse_passes
from ml.inference.reduce import reduce_output
from ml.models.files import ModelCard, load_model
from ml.models.network import Network

Scores = dict[str, np.ndarray]
_FLUSH_BATCHES = 64


@dataclass(frozen=True)
class ScoreResult:
    """What was scored now, what was reused from before, and how fast the new ones went (decoding included)."""

    state: str
    path: str
    scored: int
    reused: int
    seconds: float
    items_per_second: float
    model_sha256: str


def score(
    run_dir: str | os.PathLike[str],
    manifest_path: str | os.PathLike[str],
    out_dir: str | os.PathLike[str],
    *,
    passes: str = "flips",
    batch_size: int = 32,
    device: str = "auto",
    threads: int | None = None,
    ids: Iterable[str] | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    on_progress: OnProgress = ignore_progress,
    should_stop: ShouldStop = never_stop,
) -> ScoreResult:
    """Score items (those of split “pool” unless ``ids`` are given) and write ``out_dir/scores.npz``.

    Rows in an existing file that the same model made in the same way from the same content are reused. A cancelled
    run writes what it has; calling again goes on from there. ``threads`` None: as many as the model was trained with.

    Raises:
        ManifestError, WeightsError, ValueError: a bad manifest, model or name of passes.
    """
    start = time.monotonic()
    manifest = read_manifest(manifest_path)
    place = pick_device(device, trained_threads(Path(run_dir)) if threads is None else threads)
    network, card = load_model(Path(run_dir), place)
    looks = parse_passes(passes, card.flips)
    items = _chosen(manifest.by_id(), manifest.split("pool"), ids)
    target = Path(out_dir) / "scores.npz"
    known = _reusable(target, card, looks.name)
    fresh = [item for item in items if _row_key(item) not in known]
    cache = FrameCache(Path(cache_dir or Path(run_dir).parent / "tensor-cache"), card.preprocess)
    rows: dict[str, dict[str, np.ndarray]] = dict(known)
    state = "finished"
    try:
        frames = [frame for item in fresh for frame in item.frames]
        cache.ensure(frames, on_progress=on_progress, should_stop=should_stop)
        for item, row in score_items(
            network,
            card,
            cache,
            fresh,
            passes=looks,
            batch_size=batch_size,
            device=place,
            on_progress=on_progress,
            should_stop=should_stop,
        ):
            rows[_row_key(item)] = row
    except Cancelled:
        state = "cancelled"
    done = [item for item in items if _row_key(item) in rows]
    _write(target, done, [rows[_row_key(item)] for item in done], card, looks.name)
    seconds = time.monotonic() - start
    scored = sum(_row_key(item) not in known for item in done)
    return ScoreResult(
        state, str(target), scored, len(done) - scored, seconds, scored / seconds, card.weights_sha256
    )


def score_items(
    network: Network,
    card: ModelCard,
    cache: FrameCache,
    items: Sequence[Item],
    *,
    passes: Passes,
    batch_size: int,
    device: torch.device,
    on_progress: OnProgress = ignore_progress,
    should_stop: ShouldStop = never_stop,
) -> Iterator[tuple[Item, dict[str, np.ndarray]]]:
    """Yield each item with its row of measures; an item of several frames gets their mean.

    Rows leave the device every few batches in one copy; when cancelled, those already computed come first.
    """
    table = score_frames(
        network,
        card,
        cache,
        [frame for item in items for frame in item.frames],
        passes=passes,
        batch_size=batch_size,
        device=device,
        on_progress=on_progress,
        should_stop=should_stop,
    )
    waiting: list[dict[str, np.ndarray]] = []
    queue = iter(items)
    item = next(queue, None)
    for rows in table:
        waiting.extend(rows)
        while item is not None and len(waiting) >= len(item.frames):
            mine, waiting = waiting[: len(item.frames)], waiting[len(item.frames) :]
            yield item, {name: np.mean([row[name] for row in mine], axis=0) for name in mine[0]}
            item = next(queue, None)


def score_frames(
    network: Network,
    card: ModelCard,
    cache: FrameCache,
    frames: Sequence[FrameRef],
    *,
    passes: Passes,
    batch_size: int,
    device: torch.device,
    on_progress: OnProgress = ignore_progress,
    should_stop: ShouldStop = never_stop,
) -> Iterator[list[dict[str, np.ndarray]]]:
    """Yield rows of measures for runs of frames, in the frames' order."""
    held: list[dict[str, torch.Tensor]] = []
    pace = Pace()
    steps = run_batches(
        network,
        cache,
        frames,
        passes=passes,
        batch_size=batch_size,
        device=device,
        should_stop=should_stop,
    )
    try:
        for step in steps:
            with torch.inference_mode():
                held.append(reduce_output(card.task, step.output, step.placements, card.temperatures))
            done = step.start + step.count
            if len(held) == _FLUSH_BATCHES:
                yield _rows(held)
                held = []
            on_progress(Progress("score", done, len(frames), eta_seconds=pace.eta(done, len(frames))))
    except Cancelled:
        yield _rows(held)
        raise
    yield _rows(held)


def _rows(held: list[dict[str, torch.Tensor]]) -> list[dict[str, np.ndarray]]:
    if not held:
        return []
    table = {name: torch.cat([part[name] for part in held]).cpu().numpy() for name in held[0]}
    count = len(next(iter(table.values())))
    return [{name: values[i] for name, values in table.items()} for i in range(count)]


def load_scores(path: str | os.PathLike[str]) -> Scores:
    """Read ``scores.npz``: arrays by name, see :func:`ml.inference.reduce.reduce_output`; no pickles."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _chosen(by_id: dict[str, Item], pool: Sequence[Item], ids: Iterable[str] | None) -> list[Item]:
    if ids is None:
        return list(pool)
    wanted = list(ids)
    missing = [name for name in wanted if name not in by_id]
    if missing:
        raise ValueError(f"The manifest has no item “{missing[0]}”; ask only for items it holds.")
    return [by_id[name] for name in wanted]


def _row_key(item: Item) -> str:
    return f"{item.id}/{item.content_hash()}"


def _reusable(path: Path, card: ModelCard, passes: str) -> dict[str, dict[str, np.ndarray]]:
    if not path.exists():
        return {}
    scores = load_scores(path)
    if str(scores["model_sha256"]) != card.weights_sha256 or str(scores["passes"]) != passes:
        return {}
    if json_temperatures(card) != str(scores["temperatures"]):
        return {}
    names = [name for name in scores if scores[name].ndim and name not in ("ids", "content")]
    keys = [f"{i}/{c}" for i, c in zip(scores["ids"], scores["content"], strict=True)]
    return {key: {name: scores[name][row] for name in names} for row, key in enumerate(keys)}


def _write(
    target: Path, items: Sequence[Item], rows: Sequence[dict[str, np.ndarray]], card: ModelCard, passes: str
) -> None:
    arrays: Scores = {
        "ids": np.array([item.id for item in items], dtype=str),
        "content": np.array([item.content_hash() for item in items], dtype=str),
        "model_sha256": np.array(card.weights_sha256),
        "passes": np.array(passes),
        "temperatures": np.array(json_temperatures(card)),
    }
    for name in rows[0] if rows else ():
        arrays[name] = np.stack([row[name] for row in rows]).astype(np.float32)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(".scores.part.npz")
    np.savez(part, allow_pickle=False, **arrays)
    part.replace(target)


def json_temperatures(card: ModelCard) -> str:
    """Calibration is part of what made a score."""
    return repr(sorted(card.temperatures.items()))
