"""Which outlines are probably wrong: masks that a model never trained on them disagrees with most, with reasons.

For each class the Dice of label and out-of-fold prediction is compared with what is usual for that class, so
that small structures, on which every Dice is low, are not all blamed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

SUSPECT_BELOW = -3.5
"""Modified z-score of an outlier (Iglewicz and Hoaglin 1993)."""

LEAST_SPREAD = 0.02
"""Dice varies at least this much by hand alone; a class in perfect agreement does not make noise suspect."""


@dataclass(frozen=True)
class MaskErrors:
    """Masks by how doubtful they are, over N items.

    order [N]: most doubtful first; quality [N]: the lowest modified z-score of the item's Dice over its
    classes, 0 where no class is in play; suspect [N] bool; reasons: one line per item of `order`.
    """

    order: NDArray[np.int64]
    quality: NDArray[np.float64]
    suspect: NDArray[np.bool_]
    reasons: list[str]


def find_mask_errors(
    true_positive: ArrayLike,
    false_positive: ArrayLike,
    false_negative: ArrayLike,
    *,
    class_names: Sequence[str] = (),
) -> MaskErrors:
    """Rank masks by doubt, from pixels [N, classes] in which out-of-fold prediction and label agree and differ.

    Class 0 is background and is left out. false_positive: predicted, not labelled. Raises ValueError when the
    three differ in shape.
    """
    both, extra, missed = (
        np.asarray(c, dtype=np.float64) for c in (true_positive, false_positive, false_negative)
    )
    if both.ndim != 2 or not both.shape == extra.shape == missed.shape:
        raise ValueError(f"counts {both.shape}, {extra.shape} and {missed.shape} must be [N, classes]")
    total = 2 * both + extra + missed
    dice = np.divide(2 * both, total, out=np.full(total.shape, np.nan), where=total > 0)[:, 1:]
    score, usual = _against_usual(dice)
    quality = score.min(axis=1, initial=0.0, where=~np.isnan(score))
    order = np.argsort(quality, kind="stable")
    reasons = []
    for item in order:
        if np.isnan(score[item]).all():
            reasons.append("Neither the label nor the model outlines anything")
            continue
        worst = int(np.nanargmin(score[item])) + 1
        name = class_names[worst] if worst < len(class_names) else f"class {worst}"
        counts = both[item, worst], extra[item, worst], missed[item, worst]
        reasons.append(_reason(name, *counts, usual=usual[worst - 1]))
    return MaskErrors(order, quality, quality < SUSPECT_BELOW, reasons)


def _against_usual(dice: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Modified z-score of each Dice [N, classes] within its class, and the median of each class."""
    score, usual = np.full(dice.shape, np.nan), np.full(dice.shape[1], np.nan)
    for label in range(dice.shape[1]):
        known = ~np.isnan(dice[:, label])
        if known.any():
            usual[label] = np.median(dice[known, label])
            spread = max(float(np.median(np.abs(dice[known, label] - usual[label]))), LEAST_SPREAD)
            score[known, label] = 0.6745 * (dice[known, label] - usual[label]) / spread
    return score, usual


def _reason(name: str, both: float, extra: float, missed: float, *, usual: float) -> str:
    if both + missed == 0:
        return f"The model sees {name}, and none is outlined"
    if both + extra == 0:
        return f"{name.capitalize()} is outlined, and the model sees none"
    dice = 2 * both / (2 * both + extra + missed)
    return f"Model and label overlap by {dice:.0%} on {name}; {usual:.0%} is usual"
