"""The one loop over cached frames that scoring, prediction and evaluation share."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch

from ml.data.cache import Batch, FrameCache
from ml.data.manifest import FrameRef
from ml.data.preprocess import Placement, normalise
from ml.data.progress import Cancelled, ShouldStop, never_stop
from ml.inference.passes import Passes, forward_passes
from ml.models.network import Network, Output


@dataclass(frozen=True)
class Step:
    """One batch's result: which frames (numbers into the given sequence), their output and placements."""

    start: int
    count: int
    output: Output
    placements: tuple[Placement, ...]


def pick_device(name: str = "auto", threads: int = 0) -> torch.device:
    """``auto``: CUDA when there is one, else the CPU; or any torch device by name.

    ``threads`` above 0 sets torch's threads for the whole process: on a busy machine, one fewer than the cores is
    many times faster than all of them, which then wait for each other.
    """
    if threads:
        torch.set_num_threads(threads)
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def trained_threads(run_dir: Path) -> int:
    """The number of threads a run was trained with, for what is done with its model later; 0 where unknown."""
    try:
        return int(json.loads((run_dir / "config.json").read_text()).get("threads", 0))
    except FileNotFoundError:
        return 0


def autocast(device: torch.device, enabled: bool = True) -> AbstractContextManager[object]:
    """bfloat16 on a GPU; plain float32 on a CPU, where it seldom pays."""
    if enabled and device.type == "cuda":
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return nullcontext()


def to_device(batch: Batch, device: torch.device) -> torch.Tensor:
    """Move canvases as they are stored, then z-score there: float32 [B, C, H, W], channels last."""
    wait = device.type != "cuda"
    pixels = batch.pixels if wait else batch.pixels.pin_memory()
    moved = pixels.to(device, non_blocking=not wait)
    images = normalise(moved, batch.mean.to(device), batch.std.to(device))
    return images.contiguous(memory_format=torch.channels_last)


def run_batches(
    network: Network,
    cache: FrameCache,
    frames: Sequence[FrameRef],
    *,
    passes: Passes,
    batch_size: int,
    device: torch.device,
    should_stop: ShouldStop = never_stop,
) -> Iterator[Step]:
    """Run ``frames`` through the network in batches of one static size (the last is filled up and cut).

    The next batch is read while the present one is computed. Nothing is waited for on the device.

    Raises:
        Cancelled: ``should_stop`` said so between two batches.
    """
    starts = range(0, len(frames), batch_size)

    def read(start: int) -> Batch:
        chunk = list(frames[start : start + batch_size])
        return cache.gather(chunk + [chunk[-1]] * (batch_size - len(chunk)))

    with ThreadPoolExecutor(1) as reader, torch.inference_mode():
        ahead = reader.submit(read, 0) if frames else None
        for start in starts:
            if should_stop():
                raise Cancelled
            assert ahead is not None
            batch = ahead.result()
            if start + batch_size < len(frames):
                ahead = reader.submit(read, start + batch_size)
            with autocast(device):
                output = forward_passes(network, to_device(batch, device), passes)
            count = min(batch_size, len(frames) - start)
            yield Step(start, count, _cut(output, count), batch.placements[:count])


def _cut(output: Output, count: int) -> Output:
    return Output(
        {key: logits[:, :count].float() for key, logits in output.answers.items()},
        None if output.masks is None else output.masks[:, :count].float(),
        output.embedding[:count].float(),
    )
