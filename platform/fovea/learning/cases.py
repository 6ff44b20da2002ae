"""One score per held-out case, so that two models are compared on the same cases, not by two averages."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ml.data.manifest import Item, Manifest, MaskRef, read_manifest
from ml.data.task import Task
from ml.imaging.masks import count_values, decode_rle, unpack
from ml.metrics.bootstrap import PairedComparison, compare_paired
from ml.metrics.overlap import OverlapCounts, mean_foreground, overlap_counts

_RLE_LIMIT = 64 * 2**20
SURE = 0.10  # a difference that chance makes more often than this is noise


@dataclass(frozen=True)
class Cases:
    """Scores by item id (0..1, larger is better) with each item's patient; `split` says of which items."""

    split: str
    scores: dict[str, float]
    patients: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """As cases.json holds it."""
        return {"split": self.split, "scores": self.scores, "patients": self.patients}


def held_out(manifest: Manifest) -> tuple[str, tuple[Item, ...]]:
    """The items that judge a model: the test split, or validation where no test item is labelled yet."""
    test = manifest.split("test", labelled=True)
    return ("test", test) if test else ("val", manifest.split("val", labelled=True))


def cases_of(manifest_path: Path, predictions_path: Path) -> Cases:
    """Score the lines of a predictions.jsonl against the manifest's labels; items without a defined score are left out."""
    manifest = read_manifest(manifest_path)
    split, items = held_out(manifest)
    by_id = {item.id: item for item in items}
    scores = {}
    for line in predictions_path.read_text().splitlines():
        prediction = json.loads(line)
        value = case_score(manifest.task, by_id[prediction["id"]], prediction)
        if not math.isnan(value):
            scores[prediction["id"]] = round(value, 6)
    return Cases(split, scores, {name: by_id[name].group for name in scores})


def cases_write(cases: Cases, path: Path) -> None:
    """Write cases.json by an atomic rename."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(cases.to_json()))
    part.replace(path)


def cases_read(path: Path) -> Cases | None:
    """What `cases_write` wrote; None where a run has none."""
    if not path.exists():
        return None
    return Cases(**json.loads(path.read_text()))


def case_score(task: Task, item: Item, prediction: dict[str, Any]) -> float:
    """Mean over the item's known parts of the probability of the true answer and of the mean foreground Dice."""
    parts = []
    for question in task.questions:
        answer = (item.answers or {}).get(question.key)
        if answer is not None:
            parts.append(_answer_score(answer, prediction["probabilities"].get(question.key, {})))
    if task.classes and item.slices is not None:
        parts.append(_dice(task, item.slices, prediction["content"].get("slices", {})))
    known = [value for value in parts if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan


def compare(first: Cases, second: Cases) -> PairedComparison | None:
    """Second against first on the cases that both have; None when there are fewer than three."""
    shared = sorted(first.scores.keys() & second.scores.keys())
    if len(shared) < 3:
        return None
    return compare_paired(
        [first.scores[name] for name in shared],
        [second.scores[name] for name in shared],
        [second.patients[name] for name in shared],
        rng=np.random.default_rng(0),
    )


def _answer_score(answer: str | list[str], probabilities: Mapping[str, float]) -> float:
    """The probability of the truth; 0 for what a model of an older schema cannot say."""
    if isinstance(answer, list):
        values = [p if option in answer else 1 - p for option, p in probabilities.items()]
        return float(np.mean(values)) if values else 0.0
    return probabilities.get(answer, 0.0)


def _dice(task: Task, truths: Mapping[str, MaskRef], predicted: Mapping[str, str]) -> float:
    """Mean foreground Dice over the whole item; pixels marked 255 do not count."""
    classes = max(entry.index for entry in task.classes) + 1
    counts: OverlapCounts | None = None
    for key in truths.keys() | predicted.keys():
        truth = unpack(Path(truths[key].path).read_bytes(), _RLE_LIMIT) if key in truths else b""
        guess = base64.b64decode(predicted[key]) if key in predicted else b""
        shape = (1, sum(count_values(truth or guess).values()))
        guessed = _labels(guess, shape)
        guessed = np.where(guessed < classes, guessed, 0)  # a class that the schema has no longer
        found = overlap_counts(guessed, _labels(truth, shape), classes)
        counts = found if counts is None else counts + found
    return mean_foreground(counts.dice) if counts is not None else math.nan


def _labels(rle: bytes, shape: tuple[int, int]) -> np.ndarray:
    """A label map; a slice that is not stored is all background."""
    return decode_rle(rle, shape) if rle else np.zeros(shape, np.uint8)
