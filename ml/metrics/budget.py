"""Judging strategies by what labels buy: area under the budget curve, labels saved, who beats whom.

Curves are scores [seeds, rounds], larger = better, at budgets [rounds] of labels; seeds are paired, that is,
seed s of every strategy began with the same labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import ttest_rel


@dataclass(frozen=True)
class LabelRatio:
    """Labels the reference needs ÷ labels the strategy needs, with an interval over seeds.

    bound: "" exact; "at least" when the reference never gets there within its budget; "at most" when the
    strategy never does; "unknown" (and NaN) when neither does.
    """

    ratio: float
    low: float
    high: float
    bound: str


def aubc(budgets: ArrayLike, scores: ArrayLike) -> NDArray[np.float64]:
    """Area under the budget curve by trapezes, divided by the range of budgets (Zhan, IJCAI 2021).

    budgets [rounds] rising, scores [..., rounds]; returns [...]: the mean score over the budgets.
    """
    labels, curve = _checked(budgets, scores)
    return np.trapezoid(curve, labels, axis=-1) / (labels[-1] - labels[0])


def labels_to_reach(budgets: ArrayLike, curve: ArrayLike, target: float) -> float:
    """Labels at which a curve [rounds], made never falling, first reaches the target; infinity if it does not.

    Between rounds the curve is taken as straight; a curve that starts above the target gives the first
    budget.
    """
    labels, scores = _checked(budgets, curve)
    rising = np.maximum.accumulate(scores)
    if rising[-1] < target:
        return float("inf")
    at = int(np.argmax(rising >= target))
    if at == 0:
        return float(labels[0])
    share = (target - rising[at - 1]) / (rising[at] - rising[at - 1])
    return float(labels[at - 1] + share * (labels[at] - labels[at - 1]))


def label_ratio(
    budgets: ArrayLike,
    strategy: ArrayLike,
    reference: ArrayLike,
    *,
    full: float,
    tau: float,
    rng: np.random.Generator,
    chance: float = 0.0,
    resamples: int = 2000,
    level: float = 0.95,
) -> LabelRatio:
    """LER@tau: labels saved in reaching tau of the full-data score, on seed-mean curves.

    strategy, reference: [seeds, rounds], seeds paired; full: the same recipe's score on all data; chance:
    where the scale begins (0.5 for AUROC). The interval draws seeds, the same for both. A curve that does not
    get there counts as needing the last budget, which makes the ratio a bound.
    """
    labels, ours = _checked(budgets, strategy)
    _, theirs = _checked(budgets, reference)
    if ours.shape != theirs.shape or ours.ndim != 2:
        raise ValueError(f"curves {ours.shape} and {theirs.shape} must be of the same seeds and rounds")
    target = chance + tau * (full - chance)

    def needs(seeds: NDArray[np.int64]) -> tuple[float, float]:
        return (
            labels_to_reach(labels, theirs[seeds].mean(axis=0), target),
            labels_to_reach(labels, ours[seeds].mean(axis=0), target),
        )

    def ratio(needed: tuple[float, float]) -> float:
        return min(needed[0], labels[-1]) / min(needed[1], labels[-1])

    exact = needs(np.arange(len(ours)))
    if not np.isfinite(exact).any():
        return LabelRatio(float("nan"), float("nan"), float("nan"), "unknown")
    drawn = [ratio(needs(rng.integers(len(ours), size=len(ours)))) for _ in range(resamples)]
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    bound = "at least" if not np.isfinite(exact[0]) else "at most" if not np.isfinite(exact[1]) else ""
    return LabelRatio(float(ratio(exact)), float(low), float(high), bound)


def penalty_matrix(
    curves: Mapping[str, ArrayLike], *, level: float = 0.05
) -> tuple[list[str], NDArray[np.float64]]:
    """Share of rounds in which the row's strategy beats the column's significantly (Ash et al., ICLR 2020).

    curves: strategy -> [seeds, rounds], seeds paired. Two-sided paired t-tests per pair and round, all
    corrected together after Holm. Returns the names and the matrix [strategies, strategies]; a good strategy
    has a small column sum. Raises ValueError for curves of different shape or fewer than two seeds.
    """
    names = list(curves)
    table = [np.asarray(curves[name], dtype=np.float64) for name in names]
    if len({curve.shape for curve in table}) != 1 or table[0].ndim != 2 or len(table[0]) < 2:
        raise ValueError("curves must be [seeds, rounds] of one shape, two seeds or more")
    pairs = list(combinations(range(len(names)), 2))
    gain = np.array([table[i] - table[j] for i, j in pairs]).reshape(len(pairs), *table[0].shape)
    significant = holm(_paired_p(gain).ravel()).reshape(len(pairs), -1) <= level
    matrix = np.zeros((len(names), len(names)))
    for (i, j), won, sure in zip(pairs, gain.mean(axis=1) > 0, significant, strict=True):
        matrix[i, j] = (sure & won).mean()
        matrix[j, i] = (sure & ~won).mean()
    return names, matrix


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """P values [K] corrected for their number by Holm's step-down rule (Scandinavian J. Statistics 1979)."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return corrected


def _paired_p(gain: NDArray[np.float64]) -> NDArray[np.float64]:
    """P values [pairs, rounds] of differences [pairs, seeds, rounds]; 1 where the seeds do not differ at all."""
    varies = np.ptp(gain, axis=1) > 0
    p = np.where(gain.mean(axis=1) == 0, 1.0, 0.0)
    if varies.any():
        rows = np.moveaxis(gain, 1, 2)[varies]
        p[varies] = ttest_rel(rows, np.zeros_like(rows), axis=1).pvalue
    return p


def _checked(budgets: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    labels, curve = np.asarray(budgets, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    if labels.ndim != 1 or len(labels) < 2 or (np.diff(labels) <= 0).any() or labels[0] <= 0:
        raise ValueError("budgets must be two or more rising numbers of labels")
    if curve.shape[-1:] != labels.shape or np.isnan(curve).any():
        raise ValueError(f"scores {curve.shape} must be numbers for each of {len(labels)} budgets")
    return labels, curve
