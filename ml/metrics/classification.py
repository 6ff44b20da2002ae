"""Metrics of image-level answers: one question, single, multiple or ordinal.

Scores and probabilities: larger = more likely. A metric that the data cannot tell (no positive, no negative)
is NaN, never a made-up 0 or 1, and means leave it out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from ml.metrics.agreement import cohen_kappa

UNKNOWN = -1


@dataclass(frozen=True)
class BinaryCounts:
    """How often a yes-or-no answer was right and wrong."""

    true_positive: int
    false_positive: int
    true_negative: int
    false_negative: int

    @property
    def accuracy(self) -> float:
        """(TP + TN) / all."""
        right = self.true_positive + self.true_negative
        return _share(right, right + self.false_positive + self.false_negative)

    @property
    def sensitivity(self) -> float:
        """TP / (TP + FN), also called recall; NaN without positives."""
        return _share(self.true_positive, self.true_positive + self.false_negative)

    @property
    def specificity(self) -> float:
        """TN / (TN + FP); NaN without negatives."""
        return _share(self.true_negative, self.true_negative + self.false_positive)

    @property
    def precision(self) -> float:
        """TP / (TP + FP), also called positive predictive value; NaN when nothing was called positive."""
        return _share(self.true_positive, self.true_positive + self.false_positive)

    @property
    def f1(self) -> float:
        """2 TP / (2 TP + FP + FN); NaN when there is neither a positive nor a call."""
        return _share(
            2 * self.true_positive, 2 * self.true_positive + self.false_positive + self.false_negative
        )


def binary_counts(called: ArrayLike, positive: ArrayLike) -> BinaryCounts:
    """Count calls [N] against truth [N], both bool."""
    call, truth = np.asarray(called, dtype=bool), np.asarray(positive, dtype=bool)
    if call.shape != truth.shape:
        raise ValueError(f"calls {call.shape} and truth {truth.shape} differ in shape")
    return BinaryCounts(
        true_positive=int((call & truth).sum()),
        false_positive=int((call & ~truth).sum()),
        true_negative=int((~call & ~truth).sum()),
        false_negative=int((~call & truth).sum()),
    )


def auroc(scores: ArrayLike, positive: ArrayLike) -> float:
    """Area under the ROC curve: the chance that a positive outscores a negative, ties counted half.

    scores [N], positive [N] bool. Computed from mid-ranks (Mann-Whitney U; Hanley and McNeil 1982).
    """
    score, truth = _paired(scores, positive)
    positives = int(truth.sum())
    negatives = truth.size - positives
    if not positives or not negatives:
        return float("nan")
    rank_sum = float(rankdata(score)[truth].sum())
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def auprc(scores: ArrayLike, positive: ArrayLike) -> float:
    """Average precision: sum over thresholds of precision times the recall gained (no interpolation).

    scores [N], positive [N] bool; equal scores form one threshold. (Davis and Goadrich, ICML 2006.)
    """
    score, truth = _paired(scores, positive)
    if not truth.any():
        return float("nan")
    order = np.argsort(-score, kind="stable")
    last_of_tie = np.append(np.diff(score[order]) != 0, True)
    hits = np.cumsum(truth[order])[last_of_tie]
    called = np.nonzero(last_of_tie)[0] + 1
    gained = np.diff(hits, prepend=0)
    return float((gained * hits / called).sum() / truth.sum())


def confusion_matrix(truth: ArrayLike, predicted: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    """Items by true class (rows) and predicted class (columns), int64 [classes, classes].

    truth, predicted: class indices [N]. Raises ValueError for other lengths or classes out of range.
    """
    true, guess = np.asarray(truth, dtype=np.int64), np.asarray(predicted, dtype=np.int64)
    if true.shape != guess.shape:
        raise ValueError(f"truth {true.shape} and prediction {guess.shape} differ in shape")
    if true.size and (min(true.min(), guess.min()) < 0 or max(true.max(), guess.max()) >= n_classes):
        raise ValueError(f"classes outside 0..{n_classes - 1}")
    return np.bincount(true * n_classes + guess, minlength=n_classes**2).reshape(n_classes, n_classes)


def quadratic_weighted_kappa(truth: ArrayLike, predicted: ArrayLike, n_classes: int) -> float:
    """Agreement for ordered classes beyond chance, far misses weighted by squared distance (Cohen 1968)."""
    return cohen_kappa(truth, predicted, n_classes, weights="quadratic")


def binary_report(scores: ArrayLike, positive: ArrayLike, *, threshold: float = 0.5) -> dict[str, float]:
    """All metrics of one yes-or-no finding: scores [N] called positive at `threshold` and above."""
    score, truth = _paired(scores, positive)
    counts = binary_counts(score >= threshold, truth)
    return {
        "auroc": auroc(score, truth),
        "auprc": auprc(score, truth),
        "accuracy": counts.accuracy,
        "sensitivity": counts.sensitivity,
        "specificity": counts.specificity,
        "f1": counts.f1,
        "prevalence": _share(int(truth.sum()), truth.size),
    }


@dataclass(frozen=True)
class ClassificationReport:
    """Metrics of a question: `overall`, `per_class` (a dict each), `confusion` if classes exclude."""

    overall: dict[str, float]
    per_class: list[dict[str, float]]
    confusion: NDArray[np.int64] | None = None


def multiclass_report(
    probabilities: ArrayLike, truth: ArrayLike, *, ordinal: bool = False
) -> ClassificationReport:
    """One answer out of several: accuracy, one-vs-rest metrics per class and their macro means.

    probabilities [N, classes], truth [N] class indices, UNKNOWN (-1) left out. The call is the most probable
    class; `ordinal` adds the quadratic weighted kappa. A class absent from the truth counts in no mean.
    """
    probs, true = np.asarray(probabilities, dtype=np.float64), np.asarray(truth, dtype=np.int64)
    if probs.ndim != 2 or len(probs) != len(true):
        raise ValueError(f"probabilities {probs.shape} do not fit truth {true.shape}")
    known = true != UNKNOWN
    probs, true = probs[known], true[known]
    n_classes = probs.shape[1]
    called = probs.argmax(axis=1)
    matrix = confusion_matrix(true, called, n_classes)
    per_class = []
    for index in range(n_classes):
        report = binary_report(probs[:, index], true == index)
        counts = binary_counts(called == index, true == index)
        report |= {
            "accuracy": counts.accuracy,
            "sensitivity": counts.sensitivity,
            "specificity": counts.specificity,
            "f1": counts.f1,
        }
        per_class.append(report)
    present = [report for report in per_class if report["prevalence"] > 0]
    overall = _macro(present) | {"accuracy": _share(int(np.trace(matrix)), int(matrix.sum()))}
    if ordinal:
        overall["quadratic_weighted_kappa"] = quadratic_weighted_kappa(true, called, n_classes)
    return ClassificationReport(overall, per_class, matrix)


def multilabel_report(
    probabilities: ArrayLike, truth: ArrayLike, *, threshold: float = 0.5
) -> ClassificationReport:
    """Several answers at once: metrics per label and their macro means.

    probabilities [N, labels]; truth [N, labels] of 1, 0 or UNKNOWN (-1), unknown ones left out per label.
    """
    probs, true = np.asarray(probabilities, dtype=np.float64), np.asarray(truth)
    if probs.ndim != 2 or probs.shape != true.shape:
        raise ValueError(f"probabilities {probs.shape} do not fit truth {true.shape}")
    per_label = []
    for index in range(probs.shape[1]):
        known = true[:, index] != UNKNOWN
        per_label.append(binary_report(probs[known, index], true[known, index] == 1, threshold=threshold))
    return ClassificationReport(_macro(per_label), per_label)


def _macro(reports: list[dict[str, float]]) -> dict[str, float]:
    """Mean of each metric over the classes that have it."""
    means = {}
    for name in ("auroc", "auprc", "accuracy", "sensitivity", "specificity", "f1"):
        values = [report[name] for report in reports if not np.isnan(report[name])]
        means[name] = float(np.mean(values)) if values else float("nan")
    return means


def _paired(scores: ArrayLike, positive: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    score, truth = np.asarray(scores, dtype=np.float64), np.asarray(positive, dtype=bool)
    if score.ndim != 1 or score.shape != truth.shape:
        raise ValueError(f"scores {score.shape} and truth {truth.shape} must be one-dimensional and equal")
    if np.isnan(score).any():
        raise ValueError("scores hold NaN")
    return score, truth


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
