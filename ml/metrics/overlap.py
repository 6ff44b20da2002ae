"""Overlap of label maps: Dice and intersection over union per class.

Conventions: label maps hold class indices (0 = background); truth may hold `IGNORE` (255) where nobody
looked, and those pixels count for nothing. A class absent from both maps has no overlap to speak of and
scores NaN; a class present in only one of them scores 0. Means are therefore taken with NaN left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

IGNORE = 255


@dataclass(frozen=True)
class OverlapCounts:
    """Pixels per class, int64 [classes]; add the counts of several images to pool them into one score."""

    true_positive: NDArray[np.int64]
    false_positive: NDArray[np.int64]
    false_negative: NDArray[np.int64]

    def __add__(self, other: OverlapCounts) -> OverlapCounts:
        return OverlapCounts(
            self.true_positive + other.true_positive,
            self.false_positive + other.false_positive,
            self.false_negative + other.false_negative,
        )

    @property
    def dice(self) -> NDArray[np.float64]:
        """2 TP / (2 TP + FP + FN) per class [classes] (Dice, Ecology 1945); NaN where absent from both."""
        return _ratio(
            2 * self.true_positive, 2 * self.true_positive + self.false_positive + self.false_negative
        )

    @property
    def iou(self) -> NDArray[np.float64]:
        """TP / (TP + FP + FN) per class [classes] (Jaccard, 1912); NaN where absent from both."""
        return _ratio(self.true_positive, self.true_positive + self.false_positive + self.false_negative)


def overlap_counts(
    prediction: ArrayLike, truth: ArrayLike, n_classes: int, *, ignore: int = IGNORE
) -> OverlapCounts:
    """Count agreeing and disagreeing pixels per class, background included as class 0.

    prediction, truth: integer label maps of one shape, any number of axes; pixels whose truth is `ignore`
    are left out. Raises ValueError when shapes differ or a remaining value is outside 0..n_classes-1.
    """
    predicted, true = np.asarray(prediction), np.asarray(truth)
    if predicted.shape != true.shape:
        raise ValueError(f"prediction {predicted.shape} and truth {true.shape} differ in shape")
    looked_at = true != ignore
    predicted, true = predicted[looked_at].astype(np.int64), true[looked_at].astype(np.int64)
    for name, values in (("prediction", predicted), ("truth", true)):
        if values.size and (values.min() < 0 or values.max() >= n_classes):
            raise ValueError(f"{name} holds classes outside 0..{n_classes - 1}")
    matrix = np.bincount(true * n_classes + predicted, minlength=n_classes**2).reshape(n_classes, n_classes)
    hit = np.diag(matrix)
    return OverlapCounts(hit.copy(), matrix.sum(axis=0) - hit, matrix.sum(axis=1) - hit)


def dice_per_class(
    prediction: ArrayLike, truth: ArrayLike, n_classes: int, *, ignore: int = IGNORE
) -> NDArray[np.float64]:
    """Dice of each class, [classes], NaN where a class is absent from both; see `overlap_counts`."""
    return overlap_counts(prediction, truth, n_classes, ignore=ignore).dice


def iou_per_class(
    prediction: ArrayLike, truth: ArrayLike, n_classes: int, *, ignore: int = IGNORE
) -> NDArray[np.float64]:
    """Intersection over union of each class, [classes], NaN where absent from both; see `overlap_counts`."""
    return overlap_counts(prediction, truth, n_classes, ignore=ignore).iou


def mean_foreground(scores: ArrayLike) -> float:
    """Mean over the classes 1.. of per-class scores [classes], NaN left out; NaN when none is left."""
    foreground = np.asarray(scores, dtype=np.float64)[1:]
    known = foreground[~np.isnan(foreground)]
    return float(known.mean()) if known.size else float("nan")


def _ratio(numerator: NDArray[np.int64], denominator: NDArray[np.int64]) -> NDArray[np.float64]:
    result = np.full(numerator.shape, np.nan)
    return np.divide(numerator, denominator, out=result, where=denominator > 0)
