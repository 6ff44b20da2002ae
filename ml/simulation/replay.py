"""Replays labelling with the truth in the annotator's place: strategies × seeds × rounds, resumable.

Each pair of strategy and seed has a file ``rounds/<strategy>-<seed>.json``, rewritten after every round. What is
chosen in a round is a function of the seed, the round and the labels so far, so an interrupted replay goes on as if
nothing had happened.
"""

import hashlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ml.acquisition.registry import select
from ml.data.manifest import Item, Manifest
from ml.data.progress import OnProgress, Progress, ShouldStop, ignore_progress, never_stop
from ml.inference.pool import pool_from, selection_options
from ml.inference.score import Scores
from ml.simulation.learner import Learner, Trained
from ml.simulation.protocol import CLASS_BALANCED, FOREGROUND_TRUTH, ORACLES, Protocol
from ml.simulation.results import summarise

Round = dict[str, Any]
_BLIND = {"random", "strided", *ORACLES}
RESULT_FILE = "simulation.json"


def simulate(
    manifest: Manifest,
    out_dir: str | os.PathLike[str],
    protocol: Protocol,
    *,
    title: str = "",
    cache_dir: str | os.PathLike[str] | None = None,
    on_progress: OnProgress = ignore_progress,
    should_stop: ShouldStop = never_stop,
) -> dict[str, Any]:
    """Run what is still missing of a simulation and write ``simulation.json`` and ``simulation.html``.

    ``manifest``: labelled items in train (the pool whose labels the oracle gives) and test.

    Raises:
        ValueError: the folder holds a simulation of another protocol or manifest, or the pool is too small.
        Cancelled: ``should_stop`` said so; finished rounds are kept.
    """
    from ml.simulation.html import write_report

    out = Path(out_dir)
    pool = manifest.split("train", labelled=True)
    if len(pool) < protocol.budgets[-1] or not manifest.split("test", labelled=True):
        raise ValueError(
            f"The pool holds {len(pool)} labelled items; the last budget is {protocol.budgets[-1]} and a labelled "
            "test split is needed."
        )
    _claim(out, manifest, protocol)
    learner = Learner(
        manifest,
        protocol.recipe,
        Path(cache_dir or out / "tensor-cache"),
        passes=protocol.passes,
        on_progress=on_progress,
        should_stop=should_stop,
    )
    replay = _Replay(manifest, pool, protocol, learner, out, on_progress)
    for seed in range(protocol.seeds):
        for strategy in protocol.strategies:
            replay.run(strategy, seed)
        replay.forget_start()
    full = [replay.full_score(seed) for seed in range(protocol.full_seeds)]
    curves = {
        name: [replay.rounds(name, seed) for seed in range(protocol.seeds)] for name in protocol.strategies
    }
    result = summarise(protocol, manifest, curves, full, title=title)
    _write(out / RESULT_FILE, result)
    write_report(out / "simulation.html", result)
    return result


class _Replay:
    """The state that rounds share: the first round's model per seed, and the files."""

    def __init__(
        self,
        manifest: Manifest,
        pool: Sequence[Item],
        protocol: Protocol,
        learner: Learner,
        out: Path,
        on_progress: OnProgress,
    ) -> None:
        self._manifest, self._protocol, self._learner = manifest, protocol, learner
        self._items = {item.id: item for item in pool}
        self._out, self._progress = out / "rounds", on_progress
        self._out.mkdir(parents=True, exist_ok=True)
        self._start: tuple[Trained, float] | None = None

    def rounds(self, strategy: str, seed: int) -> list[Round]:
        """The finished rounds of one replay."""
        path = self._out / f"{strategy}-{seed}.json"
        return json.loads(path.read_text()) if path.exists() else []

    def forget_start(self) -> None:
        """The next seed starts from other labels."""
        self._start = None

    def run(self, strategy: str, seed: int) -> None:
        """Go through the rounds of one replay that are not there yet."""
        done = self.rounds(strategy, seed)
        labelled: list[str] = [name for entry in done for name in entry["chosen"]]
        trained: Trained | None = None
        for number in range(len(done), len(self._protocol.budgets)):
            clock = time.monotonic()
            if number and trained is None and strategy not in _BLIND:
                trained, _ = self._train(labelled, seed, number - 1)
            chosen = (
                self._first(seed) if not number else self._choose(strategy, seed, number, labelled, trained)
            )
            select_seconds = time.monotonic() - clock
            labelled = labelled + chosen
            trained, train_seconds = self._train(labelled, seed, number)
            done.append(
                {
                    "labels": len(labelled),
                    "value": trained.value,
                    "chosen": chosen,
                    "select_seconds": round(select_seconds, 3),
                    "train_seconds": round(train_seconds, 3),
                }
            )
            _write(self._out / f"{strategy}-{seed}.json", done)
            message = f"{strategy}, seed {seed}: {trained.value:.3f} at {len(labelled)} labels"
            self._progress(
                Progress(
                    "simulate", number + 1, len(self._protocol.budgets), metric=trained.value, message=message
                )
            )

    def full_score(self, seed: int) -> float:
        """The same recipe's score on all labels."""
        path = self._out / f"full-{seed}.json"
        if not path.exists():
            _write(path, self._learner.train(list(self._items.values()), _round_seed(seed, 999)).value)
        return float(json.loads(path.read_text()))

    def _train(self, labelled: Sequence[str], seed: int, number: int) -> tuple[Trained, float]:
        """Train on ``labelled``; the first round is the same for all strategies of a seed and is kept."""
        if number == 0 and self._start is not None:
            return self._start
        clock = time.monotonic()
        items = [self._items[name] for name in sorted(labelled)]
        trained = self._learner.train(items, _round_seed(seed, number))
        result = trained, time.monotonic() - clock
        if number == 0:
            self._start = result
        return result

    def _first(self, seed: int) -> list[str]:
        """Random first labels, drawn again until there are two classes to tell apart (or some foreground)."""
        rng = np.random.default_rng([seed, 0])
        names = sorted(self._items)
        while True:
            drawn = [names[i] for i in rng.permutation(len(names))[: self._protocol.budgets[0]]]
            if len({_stratum(self._items[name]) for name in drawn}) > 1 or not self._manifest.task.questions:
                return drawn

    def _choose(
        self, strategy: str, seed: int, number: int, labelled: Sequence[str], trained: Trained | None
    ) -> list[str]:
        known = set(labelled)
        rest = [self._items[name] for name in sorted(set(self._items) - known)]
        count = self._protocol.budgets[number] - len(labelled)
        rng = np.random.default_rng([seed, number, *hashlib.sha256(strategy.encode()).digest()[:4]])
        if strategy in ORACLES:
            return _oracle_choice(strategy, rest, count, rng)
        scores: Scores = {"ids": np.array([item.id for item in rest], dtype=str)}
        marked: Scores | None = None
        if trained is not None and strategy not in _BLIND:
            scores = self._learner.score(trained, rest)
            marked = self._learner.score(trained, [self._items[name] for name in sorted(known)])
        pool = pool_from(_view(self._manifest, known, rest), scores, marked)
        options: dict[str, Any] = {
            "round": number - 1,
            "rounds": len(self._protocol.budgets) - 1,
        }
        options |= selection_options(self._manifest.task) | self._protocol.options
        chosen = select(strategy, pool, count, rng=rng, options=options)
        return _filled(list(chosen.order), chosen.score, pool.ids, count)


def _view(manifest: Manifest, known: set[str], rest: Sequence[Item]) -> Manifest:
    """What a strategy may know: the labels so far, and the rest without theirs."""
    items = [item for item in manifest.items if item.id in known]
    bare = [
        Item(i.id, "pool", i.frames, i.patient, i.series, i.cluster, i.position, attributes=i.attributes)
        for i in rest
    ]
    return Manifest(manifest.task, (*items, *bare), manifest.seed)


def _filled(order: list[int], score: np.ndarray, ids: np.ndarray, count: int) -> list[str]:
    """Names in the order chosen; where caps left a batch short, the best of the rest fill it."""
    taken = set(order)
    for index in np.argsort(-np.nan_to_num(score), kind="stable"):
        if len(order) >= count:
            break
        if int(index) not in taken:
            order.append(int(index))
    return [str(ids[i]) for i in order[:count]]


def _oracle_choice(strategy: str, rest: Sequence[Item], count: int, rng: np.random.Generator) -> list[str]:
    """Upper lines that know the truth: even classes, or 66 % with foreground."""
    shuffled = [rest[i] for i in rng.permutation(len(rest))]
    strata: dict[str, list[str]] = {}
    for item in shuffled:
        strata.setdefault(_stratum(item), []).append(item.id)
    if strategy == FOREGROUND_TRUTH:
        front = strata.get("foreground", [])[: round(0.66 * count)]
        others = [item.id for item in shuffled if item.id not in set(front)]
        return front + others[: count - len(front)]
    assert strategy == CLASS_BALANCED
    chosen: list[str] = []
    while len(chosen) < count:
        for names in strata.values():
            if names and len(chosen) < count:
                chosen.append(names.pop())
    return chosen


def _stratum(item: Item) -> str:
    if item.answers is not None:
        return json.dumps(item.answers, sort_keys=True)
    return "foreground" if item.slices else "background"


def _round_seed(seed: int, number: int) -> int:
    return seed * 1000 + number


def _claim(out: Path, manifest: Manifest, protocol: Protocol) -> None:
    out.mkdir(parents=True, exist_ok=True)
    content = json.loads(json.dumps({"protocol": protocol.to_json(), "manifest": manifest.hash()}))
    path = out / "protocol.json"
    if path.exists() and json.loads(path.read_text()) != content:
        raise ValueError("This folder holds a simulation of another protocol or manifest; use an empty one.")
    _write(path, content)


def _write(path: Path, content: Any) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(content, indent=1))
    part.rename(path)
