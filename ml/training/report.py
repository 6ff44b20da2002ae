"""From collected predictions to ``metrics.json``: every metric with its bootstrap interval by patient."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from ml.data.task import Question, Task
from ml.data.units import UNKNOWN
from ml.metrics.bootstrap import Interval, bootstrap_interval, bootstrap_mean
from ml.metrics.calibration import expected_calibration_error, fit_temperature, reliability_bins
from ml.metrics.classification import ClassificationReport, multiclass_report, multilabel_report
from ml.metrics.overlap import mean_foreground
from ml.models.network import answer_probabilities
from ml.training.collect import Collected

Json = dict[str, Any]
WORST = 20


def headline_value(collected: Collected, task: Task) -> float | None:
    """One number for curves and promotion: the mean of macro AUROC per question and mean foreground Dice.

    None when nothing can be told (no labelled item, one class only).
    """
    values = [question_value(collected, question) for question in task.questions]
    if task.classes:
        values.append(mean_dice(collected))
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else None


def question_value(collected: Collected, question: Question) -> float:
    """Macro AUROC of one question over the items whose answer is known; NaN when undefined."""
    probabilities, truth = known_rows(collected, question)
    return _report(question, probabilities, truth).overall["auroc"] if len(truth) else float("nan")


def mean_dice(collected: Collected) -> float:
    """Mean over cases of the mean foreground Dice; NaN when there is none."""
    values = [mean_foreground(counts.dice) for counts in collected.overlaps.values()]
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def headline_name(task: Task) -> str:
    """What :func:`headline_value` is called on pages."""
    parts = (["AUROC"] if task.questions else []) + (["Dice"] if task.classes else [])
    return " and ".join(parts)


def known_rows(
    collected: Collected, question: Question, temperature: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities [n, options], averaged over passes, and targets of the items whose answer is known."""
    target = collected.targets[question.key]
    known = (target != UNKNOWN).all(axis=1) if target.ndim == 2 else target != UNKNOWN
    logits = torch.from_numpy(collected.logits[question.key][known]).float()
    probabilities = answer_probabilities(question, logits, temperature).mean(1)
    return probabilities.double().numpy(), target[known]


def metrics_report(
    collected: Collected, task: Task, temperatures: dict[str, float], *, resamples: int, seed: int = 0
) -> Json:
    """All metrics of the held-out items, JSON-ready; NaN becomes None."""
    report: Json = {
        "items": len(collected.items),
        "patients": len({item.group for item in collected.items}),
        "patient_ids_known": all(item.patient for item in collected.items),
        "questions": {},
    }
    for question in task.questions:
        t = temperatures.get(question.key, 1.0)
        report["questions"][question.key] = _question_report(collected, question, t, resamples, seed)
    if task.classes:
        report["masks"] = _masks_report(collected, task, resamples, seed)
    report["headline"] = _headline(collected, task, report, resamples, seed)
    report["worst"] = worst_cases(collected, task, temperatures)
    report["groups"] = _groups_report(collected, task)
    return _jsonable(report)


def _question_report(
    collected: Collected, question: Question, temperature: float, resamples: int, seed: int
) -> Json:
    probabilities, truth = known_rows(collected, question, temperature)
    report: Json = {"options": list(question.options), "items": len(truth), "temperature": temperature}
    if not len(truth):
        return report
    whole = _report(question, probabilities, truth)
    groups = _groups(collected, question)
    draws: dict[bytes, ClassificationReport] = {}

    def metric(name: str) -> Callable[[np.ndarray], float]:
        def value(rows: np.ndarray) -> float:
            key = rows.tobytes()
            if key not in draws:
                draws[key] = _report(question, probabilities[rows], truth[rows])
            return draws[key].overall[name]

        return value

    for name in whole.overall:
        # The same seed for each metric means the same draws, so each draw is reported on once.
        report[name] = _interval(
            bootstrap_interval(
                metric(name), groups, rng=np.random.default_rng(seed), resamples=min(resamples, 2000)
            )
        )
    report["per_option"] = dict(zip(question.options, whole.per_class, strict=True))
    report["confusion"] = None if whole.confusion is None else whole.confusion.tolist()
    return report | _calibration(probabilities, truth, question)


def _calibration(probabilities: np.ndarray, truth: np.ndarray, question: Question) -> Json:
    """ECE and the reliability plot's bars; the options of ``multiple`` are pooled as yes-or-no findings."""
    if question.type == "multiple":
        p = probabilities.ravel()
        pairs, truth = np.stack([1 - p, p], axis=1), truth.ravel().astype(int)
    else:
        pairs = probabilities
    bins = reliability_bins(pairs.max(1).clip(0, 1), pairs.argmax(1) == truth, bins=10)
    bars = {"confidence": bins.confidence, "accuracy": bins.accuracy, "count": bins.count}
    return {"ece": expected_calibration_error(pairs, truth), "reliability": bars}


def _masks_report(collected: Collected, task: Task, resamples: int, seed: int) -> Json:
    cases = list(collected.overlaps)
    groups = [collected.case_items[case].group for case in cases]
    dice = np.array([collected.overlaps[case].dice[1:] for case in cases]).reshape(len(cases), -1)
    iou = np.array([collected.overlaps[case].iou[1:] for case in cases]).reshape(len(cases), -1)
    report: Json = {"cases": len(cases), "unit": "series or item, at full frame size", "classes": {}}
    if not cases:
        return report

    def mean(values: np.ndarray) -> Json:
        return _interval(bootstrap_mean(values, groups, rng=np.random.default_rng(seed), resamples=resamples))

    report["mean_dice"] = mean(_row_means(dice))
    distances = np.array([_finite_means(collected.distances[case]) for case in cases])
    for column, mask_class in enumerate(task.classes):
        report["classes"][mask_class.name] = {
            "dice": mean(dice[:, column]),
            "iou": mean(iou[:, column]),
            "hd95_pixels": mean(distances[:, column + 1]),
        }
    return report


def _finite_means(distances: Sequence[np.ndarray]) -> np.ndarray:
    """Mean per class [K + 1] over a case's frames, without those in which one side has no surface."""
    values = np.stack(distances)
    return _row_means(np.where(np.isfinite(values), values, np.nan).T)


def _headline(collected: Collected, task: Task, report: Json, resamples: int, seed: int) -> Json:
    value = headline_value(collected, task)
    headline: Json = {"name": headline_name(task), "value": value, "low": None, "high": None}
    parts = [report["questions"][q.key].get("auroc") for q in task.questions]
    if task.classes:
        parts.append(report["masks"].get("mean_dice"))
    if len(parts) == 1 and parts[0]:
        headline |= {"low": parts[0]["low"], "high": parts[0]["high"]}
    return headline


def worst_cases(collected: Collected, task: Task, temperatures: dict[str, float]) -> list[Json]:
    """The items a person should look at first: low Dice, and confident wrong answers."""
    worst: list[Json] = []
    for case, counts in collected.overlaps.items():
        value = mean_foreground(counts.dice)
        if not math.isnan(value):
            item = collected.case_items[case]
            worst.append(
                {"id": item.id, "series": item.series, "score": value, "reason": f"Dice {value:.2f}"}
            )
    for question in task.questions:
        if question.type == "multiple":
            continue
        probabilities, truth = known_rows(collected, question, temperatures.get(question.key, 1.0))
        items = _known_items(collected, question)
        for item, row, true in zip(items, probabilities, truth, strict=True):
            called = int(row.argmax())
            if called != true:
                reason = (
                    f"{question.key}: {question.options[called]} at {row[called]:.0%}, "
                    f"labelled {question.options[true]}"
                )
                worst.append(
                    {"id": item.id, "series": item.series, "score": float(row[true]), "reason": reason}
                )
    return sorted(worst, key=lambda entry: entry["score"])[:WORST]


def _groups_report(collected: Collected, task: Task) -> Json:
    """The headline per value of each attribute (site, scanner, sex …) with at least ten items."""
    report: Json = {}
    names = sorted({name for item in collected.items for name in item.attributes})
    for name in names:
        values = np.array([item.attributes.get(name, "") for item in collected.items])
        report[name] = {}
        for value in sorted(set(values) - {""}):
            rows = np.flatnonzero(values == value)
            if len(rows) >= 10:
                part = _subset(collected, rows)
                report[name][str(value)] = {"items": len(rows), "headline": headline_value(part, task)}
    return report


def _subset(collected: Collected, rows: np.ndarray) -> Collected:
    items = tuple(collected.items[i] for i in rows)
    ids = {item.id for item in items}
    cases = {case for case, item in collected.case_items.items() if item.id in ids}
    return Collected(
        items,
        {key: values[rows] for key, values in collected.logits.items()},
        {key: values[rows] for key, values in collected.targets.items()},
        {case: counts for case, counts in collected.overlaps.items() if case in cases},
    )


def fit_temperatures(collected: Collected, task: Task, minimum: int = 20) -> dict[str, float]:
    """Temperatures from validation items (Guo et al. 2017), for questions with at least ``minimum`` known answers."""
    found: dict[str, float] = {}
    for question in task.questions:
        target = collected.targets[question.key]
        logits = collected.logits[question.key].mean(1) if len(target) else np.zeros((0, 1))
        if question.type == "single" and (target != UNKNOWN).sum() >= minimum:
            found[question.key] = fit_temperature(logits[target != UNKNOWN], target[target != UNKNOWN])
        elif question.type == "multiple" and (target != UNKNOWN).all(1).sum() >= minimum:
            known = (target != UNKNOWN).all(1)
            found[question.key] = fit_temperature(logits[known].ravel(), target[known].ravel().astype(int))
    return found


def _report(question: Question, probabilities: np.ndarray, truth: np.ndarray) -> ClassificationReport:
    if question.type == "multiple":
        return multilabel_report(probabilities, truth)
    return multiclass_report(probabilities, truth, ordinal=question.type == "ordinal")


def _known_items(collected: Collected, question: Question) -> list[Any]:
    target = collected.targets[question.key]
    known = (target != UNKNOWN).all(axis=1) if target.ndim == 2 else target != UNKNOWN
    return [item for item, use in zip(collected.items, known, strict=True) if use]


def _groups(collected: Collected, question: Question) -> list[str]:
    return [item.group for item in _known_items(collected, question)]


def _row_means(values: np.ndarray) -> np.ndarray:
    known = ~np.isnan(values)
    total = np.where(known, values, 0).sum(1)
    return np.divide(total, known.sum(1), out=np.full(len(values), np.nan), where=known.any(1))


def _interval(interval: Interval) -> Json:
    return {"value": interval.estimate, "low": interval.low, "high": interval.high}


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _jsonable(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(entry) for entry in value]
    if isinstance(value, np.ndarray):
        return _jsonable(value.tolist())
    if isinstance(value, np.generic):
        return _jsonable(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
