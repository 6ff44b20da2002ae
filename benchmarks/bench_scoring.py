"""Scoring end to end against the same network on a resident batch: η, as a ratio within one run.

    python benchmarks/bench_scoring.py [--architecture resnet18] [--size 128] [--images 512] [--json out.json]

End to end is everything from the cached canvases to ranked ids (read, normalise, all passes, reduce, sort; without
the database). Forward only is the same network with the same passes on one batch that stays in memory. Both are
measured in turns, so that other work on the machine hits both. The first pass, which decodes, is compared with
decoding alone.
"""

import argparse
import hashlib
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ml.data.cache import FrameCache
from ml.data.manifest import FrameRef, Item
from ml.data.preprocess import Preprocess, prepare
from ml.data.task import task_from_json
from ml.imaging.reader import read_frame
from ml.inference.batches import autocast, pick_device
from ml.inference.passes import forward_passes, parse_passes
from ml.inference.score import score_items
from ml.models.files import ModelCard
from ml.models.network import Network, NetworkSpec, on_device
from ml.models.registry import architecture

QUESTION = {
    "questions": [{"key": "finding", "type": "single", "options": [{"value": "no"}, {"value": "yes"}]}]
}
MASKS = {"classes": [{"index": 1, "name": "organ"}]}


def make_images(folder: Path, count: int, side: int) -> list[Item]:
    """PNG files of noise, one item each."""
    rng = np.random.default_rng(0)
    items = []
    for number in range(count):
        path = folder / f"{number}.png"
        Image.fromarray(rng.integers(0, 256, (side, side), dtype=np.uint8)).save(path, compress_level=1)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        items.append(Item(str(number), "pool", (FrameRef(f"{number}-1", str(path), digest, 1, "raster"),)))
    return items


def end_to_end(network, card, cache, items, passes, batch_size, device) -> float:
    """Seconds from cached canvases to ranked ids."""
    start = time.perf_counter()
    rows = list(score_items(network, card, cache, items, passes=passes, batch_size=batch_size, device=device))
    entropy = np.array([row["entropy"] for _, row in rows])
    ranked = [rows[i][0].id for i in np.argsort(-entropy)]
    assert len(ranked) == len(items)
    return time.perf_counter() - start


def forward_only(network, batch, batches, passes, device) -> float:
    """Seconds for as many forward passes on a batch that stays on the device."""
    start = time.perf_counter()
    with torch.inference_mode(), autocast(device):
        for _ in range(batches):
            forward_passes(network, batch, passes)
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def decode_only(items, preprocess) -> float:
    """Seconds to decode and prepare every frame, one after the other."""
    start = time.perf_counter()
    for item in items:
        frame = item.frames[0]
        prepare(read_frame(frame.path, frame=1, kind=frame.kind).pixels, preprocess)
    return time.perf_counter() - start


def measure(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    """All figures of one run."""
    device = pick_device(options.device, options.threads)
    segments = "segmentation" in architecture(options.architecture).kinds
    task = task_from_json(MASKS if segments else QUESTION)
    spec = NetworkSpec(options.architecture, 1, (options.size, options.size))
    preprocess = Preprocess(spec.size, channels=1, dtype="uint8")
    network = on_device(Network(spec, task).eval(), device)
    card = ModelCard(spec, task, preprocess, ("horizontal",))
    passes = parse_passes(options.passes, card.flips)
    count = options.images // options.batch * options.batch
    items = make_images(folder, count, options.size)
    decode = decode_only(items, preprocess)
    cache = FrameCache(folder / "cache", preprocess, workers=options.workers)
    start = time.perf_counter()
    cache.ensure([item.frames[0] for item in items])
    first = time.perf_counter() - start
    arguments = (network, card, cache, items, passes, options.batch, device)
    batch = torch.randn(options.batch, 1, *spec.size, device=device)
    batch = batch.contiguous(memory_format=torch.channels_last)
    end_to_end(*arguments)
    forward_only(network, batch, 2, passes, device)
    pairs = [
        (end_to_end(*arguments), forward_only(network, batch, count // options.batch, passes, device))
        for _ in range(options.repeats)
    ]
    ratios = [forward / whole for whole, forward in pairs]
    return {
        "architecture": options.architecture,
        "size": options.size,
        "passes": len(passes),
        "images": count,
        "device": str(device),
        "threads": torch.get_num_threads(),
        "eta": round(statistics.median(ratios), 3),
        "eta_all": [round(ratio, 3) for ratio in ratios],
        "images_per_second": round(count / statistics.median(whole for whole, _ in pairs), 1),
        "first_pass_against_decoding": round(decode / first, 2),
    }


def main() -> None:
    """Print the figures as one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--architecture", default="resnet18")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--passes", default="plain")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(options, Path(folder))
    print(json.dumps(result))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
