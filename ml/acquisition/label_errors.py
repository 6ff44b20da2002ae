"""Which labels are probably wrong: confident learning on out-of-fold probabilities, worst first, with reasons.

Northcutt, Jiang and Chuang, Confident Learning (JAIR 2021). The probabilities of an item must come from a
model that was not trained on it (K-fold); else the model has memorised the errors it should find.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

UNKNOWN = -1


@dataclass(frozen=True)
class LabelErrors:
    """Labels by how doubtful they are, over N items.

    order: labelled items, most doubtful first; quality [N]: larger = more trustworthy, NaN where there is no
    label; suspect [N] bool: the model is confident of another class; suggested [N]: that class, else the
    given one, -1 where there is no label; reasons: one line per item of `order`; expected: estimated number
    of wrong labels.
    """

    order: NDArray[np.int64]
    quality: NDArray[np.float64]
    suspect: NDArray[np.bool_]
    suggested: NDArray[np.int64]
    reasons: list[str]
    expected: float


def find_label_errors(
    probabilities: ArrayLike, labels: ArrayLike, *, class_names: Sequence[str] = ()
) -> LabelErrors:
    """Rank labels by doubt: probabilities [N, classes] out of fold, labels [N] class indices, -1 = unlabelled.

    A class's threshold is the mean probability it gets where it is the label; an item whose largest
    probability at or above its class's threshold is of another class is suspect. Quality is the label's
    margin over the best other class, both less their thresholds, so that a class the model is shy about is
    not blamed. Raises ValueError when shapes or classes do not fit.
    """
    p, given = _checked(probabilities, labels)
    known = np.nonzero(given != UNKNOWN)[0]
    thresholds = class_thresholds(p[known], given[known])
    quality = np.full(len(p), np.nan)
    suspect = np.zeros(len(p), dtype=bool)
    suggested = given.copy()
    if known.size:
        quality[known] = _margin(p[known] - np.minimum(thresholds, 1), given[known])
        confident = _confident_class(p[known], thresholds)
        suspect[known] = (confident != UNKNOWN) & (confident != given[known])
        suggested[suspect] = confident[suspect[known]]
    order = known[np.argsort(quality[known], kind="stable")]
    why = [_reason(p[i], int(given[i]), bool(suspect[i]), int(suggested[i]), class_names) for i in order]
    expected = expected_errors(p[known], given[known]) if known.size else 0.0
    return LabelErrors(order, quality, suspect, suggested, why, expected)


def find_multilabel_errors(
    probabilities: ArrayLike, labels: ArrayLike, *, label_names: Sequence[str] = ()
) -> list[LabelErrors]:
    """The same for each of several yes-or-no labels: probabilities and labels [N, labels] (1, 0, -1 = unknown)."""
    p, given = np.asarray(probabilities, dtype=np.float64), np.asarray(labels, dtype=np.int64)
    if p.ndim != 2 or p.shape != given.shape:
        raise ValueError(f"probabilities {p.shape} do not fit labels {given.shape}")
    found = []
    for index in range(p.shape[1]):
        name = _name(index, label_names)
        both = np.stack([1 - p[:, index], p[:, index]], axis=1)
        found.append(find_label_errors(both, given[:, index], class_names=(f"no {name}", name)))
    return found


def class_thresholds(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean probability of each class where it is the label [classes]; infinite for a class nobody was given.

    probabilities [N, classes], labels [N], all known.
    """
    count = np.bincount(labels, minlength=probabilities.shape[1])
    own = probabilities[np.arange(len(labels)), labels]
    total = np.bincount(labels, own, minlength=probabilities.shape[1])
    return np.divide(total, count, out=np.full(len(count), np.inf), where=count > 0)


def confident_joint(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Estimated items by given class (rows) and true class (columns) [classes, classes], rows as labelled.

    Counts of confident items, scaled so that each row sums to how often its label was given.
    """
    classes = probabilities.shape[1]
    confident = _confident_class(probabilities, class_thresholds(probabilities, labels))
    counted = confident != UNKNOWN
    joint = np.zeros((classes, classes))
    np.add.at(joint, (labels[counted], confident[counted]), 1)
    given = np.bincount(labels, minlength=classes)
    rows = joint.sum(axis=1)
    empty = (rows == 0) & (given > 0)
    joint[empty, empty] = 1
    return joint * np.divide(given, np.where(empty, 1, rows), out=np.zeros(classes), where=given > 0)[:, None]


def expected_errors(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """How many of the labels are estimated to be wrong: what lies off the diagonal of the confident joint."""
    joint = confident_joint(probabilities, labels)
    return float(joint.sum() - np.trace(joint))


def _confident_class(p: NDArray[np.float64], thresholds: NDArray[np.float64]) -> NDArray[np.int64]:
    """The most probable class among those at or above their thresholds [N], -1 where there is none."""
    passed = np.where(p >= thresholds, p, -1.0)
    return np.where(passed.max(axis=1) >= 0, passed.argmax(axis=1), UNKNOWN)


def _margin(adjusted: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """The label's value less the best other one [N]."""
    rows = np.arange(len(labels))
    others = adjusted.copy()
    others[rows, labels] = -np.inf
    return adjusted[rows, labels] - others.max(axis=1)


def _reason(p: NDArray[np.float64], given: int, suspect: bool, suggested: int, names: Sequence[str]) -> str:
    if suspect:
        return (
            f"Labelled {_name(given, names)}, but a model that never saw this label says "
            f"{_name(suggested, names)} ({p[suggested]:.0%})"
        )
    return f"Labelled {_name(given, names)}; the model gives this {p[given]:.0%}"


def _name(index: int, names: Sequence[str]) -> str:
    return names[index] if index < len(names) else f"class {index}"


def _checked(probabilities: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    p, given = np.asarray(probabilities, dtype=np.float64), np.asarray(labels, dtype=np.int64)
    if p.ndim != 2 or p.shape[1] < 2 or given.shape != p.shape[:1]:
        raise ValueError(f"probabilities {p.shape} do not fit labels {given.shape}")
    if p.size and not (p.min() >= 0 and np.allclose(p.sum(axis=1), 1, atol=1e-2)):
        raise ValueError("probabilities must be 0 or more and sum to 1 over classes")
    if given.size and (given.min() < UNKNOWN or given.max() >= p.shape[1]):
        raise ValueError(f"labels outside 0..{p.shape[1] - 1}")
    return p, given
