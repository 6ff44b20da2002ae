"""Every step of learning from a shell: ``python -m ml.cli train|evaluate|score|predict|select|pack|simulate``.

With ``--json`` the last line of the output is one JSON object; progress goes to standard error.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from ml.acquisition.registry import DEFAULT, STRATEGIES, select
from ml.data.manifest import read_manifest, write_manifest
from ml.data.progress import Progress

Json = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status (2 for input that cannot be used, with one line that says why)."""
    options = _parser().parse_args(arguments)
    try:
        result: Json = options.run(options)
    except ValueError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print(json.dumps(result) if options.json else _plain(result))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ml.cli", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], Json], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        added.add_argument("manifest", type=Path, help="a fovea-manifest-1 file")
        added.add_argument("--out", type=Path, required=True, help="folder for the result")
        added.add_argument("--json", action="store_true", help="print the result as one JSON object")
        added.add_argument("--cache", type=Path, help="folder of the tensor cache")
        return added

    training = command("train", _train, "Train a model into the run folder --out, or go on with one.")
    training.add_argument("--preset", default="auto", choices=("auto", "quick", "standard"))
    training.add_argument("--config", type=Path, help="JSON with settings that replace the preset's")
    training.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="one setting")
    evaluating = command("evaluate", _evaluate, "Measure the model of --run on a split.")
    evaluating.add_argument("--split", default="test", choices=("train", "val", "test"))
    scoring = command("score", _score, "Score the pool with the model of --run.")
    predicting = command("predict", _predict, "Predict items with the model of --run.")
    predicting.add_argument("--ids", nargs="+", help="item ids; the pool when left out")
    for added in (evaluating, scoring, predicting):
        added.add_argument("--run", type=Path, required=True, dest="run_dir", help="a finished run folder")
    for added in (scoring, predicting):
        added.add_argument("--passes", default="flips", help="plain, flips or dropout:8")
    selecting = command("select", _select, "Choose what to label next from --scores.")
    selecting.add_argument("--scores", type=Path, required=True, help="a scores.npz")
    selecting.add_argument("--strategy", default=DEFAULT, choices=sorted(STRATEGIES))
    selecting.add_argument("-n", type=int, default=10, help="how many")
    selecting.add_argument("--seed", type=int, default=0)
    selecting.add_argument("--options", type=json.loads, default={}, help="the strategy's options as JSON")
    simulating = command("simulate", _simulate, "Replay a fully labelled manifest with an oracle.")
    simulating.add_argument("--protocol", default="own", help="C1, C2, I1, S1, S2, or own (from the data)")
    simulating.add_argument("--strategies", help="names with commas, instead of the protocol's")
    simulating.add_argument("--seeds", type=int, help="instead of the protocol's")
    simulating.add_argument("--budgets", help="numbers of labels with commas, instead of the protocol's")
    packing = commands.add_parser("pack", help="Write the manifest of a protocol task from an image pack.")
    packing.set_defaults(run=_pack)
    packing.add_argument("task", help="C1, C2, I1, S1 or S2")
    packing.add_argument("--data", type=Path, required=True, help="folder of the image packs")
    packing.add_argument("--out", type=Path, required=True, help="folder for manifest.json and masks")
    packing.add_argument("--json", action="store_true", help="print the result as one JSON object")
    return parser


def _pack(options: argparse.Namespace) -> Json:
    from ml.simulation.packs import load_pack

    manifest = load_pack(options.task, options.data.resolve(), options.out.resolve() / "masks")
    path = options.out / "manifest.json"
    digest = write_manifest(manifest, path)
    return {"path": str(path), "items": len(manifest.items), "sha256": digest}


def _simulate(options: argparse.Namespace) -> Json:
    from ml.simulation.protocol import PROTOCOLS, protocol_for
    from ml.simulation.replay import simulate

    manifest = read_manifest(options.manifest)
    labelled = len(manifest.split("train", labelled=True))
    if options.protocol != "own" and options.protocol not in PROTOCOLS:
        raise ValueError(f"There is no protocol “{options.protocol}”; use {', '.join(PROTOCOLS)} or own.")
    protocol = PROTOCOLS.get(options.protocol) or protocol_for(manifest.task, labelled=labelled)
    changes: Json = {}
    if options.strategies:
        changes["strategies"] = tuple(options.strategies.split(","))
    if options.seeds:
        changes |= {"seeds": options.seeds, "full_seeds": min(protocol.full_seeds, options.seeds)}
    if options.budgets:
        changes["budgets"] = tuple(int(budget) for budget in options.budgets.split(","))
    result = simulate(
        manifest,
        options.out,
        replace(protocol, **changes),
        title=options.protocol,
        cache_dir=options.cache,
        on_progress=_show,
    )
    means = {name: entry["aubc"] for name, entry in result["strategies"].items()}
    return {"path": str(options.out / "simulation.html"), "full": result["full"]["mean"], "aubc": means}


def _train(options: argparse.Namespace) -> Json:
    import torch

    from ml.training.config import TrainConfig
    from ml.training.train import train

    manifest = read_manifest(options.manifest)
    labels = sum(len(item.frames) for item in manifest.split("train", labelled=True))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    config = TrainConfig.for_task(manifest.task, labels=labels, preset=options.preset, device=device)
    changes = json.loads(options.config.read_text()) if options.config else {}
    changes |= dict(_setting(text) for text in options.set)
    config = TrainConfig.from_json(config.to_json() | changes)
    result = train(options.manifest, options.out, config, on_progress=_show, cache_dir=options.cache)
    summary = asdict(result)
    summary["headline"] = result.metrics.get("headline")
    del summary["metrics"]
    return summary


def _setting(text: str) -> tuple[str, Any]:
    name, found, value = text.partition("=")
    if not found:
        raise ValueError(f"“{text}” is not NAME=VALUE.")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _evaluate(options: argparse.Namespace) -> Json:
    from ml.training.evaluate import evaluate

    metrics = evaluate(
        options.run_dir, options.manifest, split=options.split, cache_dir=options.cache, on_progress=_show
    )
    path = options.out / "metrics.json"
    options.out.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(metrics, indent=1))
    return {"path": str(path), "headline": metrics["headline"]}


def _score(options: argparse.Namespace) -> Json:
    from ml.inference.score import score

    result = score(
        options.run_dir,
        options.manifest,
        options.out,
        passes=options.passes,
        cache_dir=options.cache,
        on_progress=_show,
    )
    return asdict(result)


def _predict(options: argparse.Namespace) -> Json:
    from ml.inference.predict import predict

    ids = options.ids or [item.id for item in read_manifest(options.manifest).split("pool")]
    path = predict(
        options.run_dir,
        options.manifest,
        options.out,
        ids,
        passes=options.passes,
        cache_dir=options.cache,
        on_progress=_show,
    )
    return {"path": str(path), "items": len(ids)}


def _select(options: argparse.Namespace) -> Json:
    from ml.inference.pool import pool_from, selection_options
    from ml.inference.score import load_scores

    manifest = read_manifest(options.manifest)
    pool = pool_from(manifest, load_scores(options.scores))
    settings = selection_options(manifest.task) | options.options
    rng = np.random.default_rng(options.seed)
    chosen = select(options.strategy, pool, options.n, rng=rng, options=settings)
    rows = [
        {"id": str(pool.ids[i]), "reason": reason, "random": bool(blind)}
        for i, reason, blind in zip(chosen.order, chosen.reasons, chosen.random, strict=True)
    ]
    path = options.out / "selection.json"
    options.out.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"strategy": options.strategy, "note": chosen.note, "items": rows}, indent=1))
    return {"path": str(path), "selected": len(rows), "note": chosen.note}


def _show(progress: Progress) -> None:
    text = f"\r{progress.phase} {progress.step}/{progress.steps}"
    if progress.loss is not None:
        text += f" loss {progress.loss:.3f}"
    if progress.metric is not None:
        text += f" metric {progress.metric:.3f}"
    if progress.message:
        text = f"\r{progress.message}\n"
    end = "\n" if progress.step == progress.steps and not progress.message else ""
    print(text, end=end, file=sys.stderr, flush=True)


def _plain(result: Json) -> str:
    return "\n".join(f"{name}: {value}" for name, value in result.items())


if __name__ == "__main__":
    sys.exit(main())
