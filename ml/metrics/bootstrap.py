"""Intervals that respect patients: whole patients are drawn, since images of one patient resemble each other.

Percentile bootstrap over clusters (Efron and Tibshirani 1993, ch. 13; Field and Welsh 2007).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Metric = Callable[[NDArray[np.int64]], float]


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval. `resamples` counts the draws on which the metric was defined."""

    estimate: float
    low: float
    high: float
    resamples: int


@dataclass(frozen=True)
class PairedComparison:
    """Second minus first model on the same cases: mean difference, p value, cases won and lost."""

    difference: Interval
    p_value: float
    wins: int
    losses: int
    ties: int


def bootstrap_interval(
    metric: Metric,
    patients: Sequence[object] | NDArray[np.generic],
    *,
    rng: np.random.Generator,
    resamples: int = 1000,
    level: float = 0.95,
) -> Interval:
    """Percentile interval of any metric over items grouped by patient.

    metric: takes item indices [n] (repeats possible) and returns a float, NaN where undefined; undefined
    draws are left out of the percentiles and of `resamples`. patients: one id per item [N].
    """
    groups = _groups(patients)
    everyone = np.arange(sum(map(len, groups)))
    drawn = [metric(_draw(groups, rng)) for _ in range(resamples)]
    return _interval(metric(everyone), np.asarray(drawn, dtype=np.float64), level)


def bootstrap_mean(
    values: ArrayLike,
    patients: Sequence[object] | NDArray[np.generic],
    *,
    rng: np.random.Generator,
    resamples: int = 1000,
    level: float = 0.95,
) -> Interval:
    """Interval of the mean of per-item values [N], NaN left out; a vectorised `bootstrap_interval`."""
    sums, counts = _sums(np.asarray(values, dtype=np.float64), patients)
    times = rng.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=resamples)
    with np.errstate(invalid="ignore"):
        drawn = (times @ sums) / (times @ counts)
    estimate = float(sums.sum() / counts.sum()) if counts.sum() else float("nan")
    return _interval(estimate, drawn, level)


def compare_paired(
    first: ArrayLike,
    second: ArrayLike,
    patients: Sequence[object] | NDArray[np.generic],
    *,
    rng: np.random.Generator,
    resamples: int = 2000,
    level: float = 0.95,
) -> PairedComparison:
    """Compare two models by their per-case scores [N] on the same cases, larger = better.

    The interval is a bootstrap by patient; p comes from flipping the sign of each patient's differences at
    random (a permutation test: under the null the models are exchangeable), two-sided, never below
    1 / (resamples + 1). Cases where either score is NaN are left out. Raises ValueError for other lengths.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"scores {a.shape} and {b.shape} must be of the same cases")
    gain = b - a
    interval = bootstrap_mean(gain, patients, rng=rng, resamples=resamples, level=level)
    sums, _ = _sums(gain, patients)
    flipped = rng.choice([-1.0, 1.0], size=(resamples, len(sums))) @ sums
    as_large = int((np.abs(flipped) >= abs(sums.sum()) - 1e-12).sum())
    return PairedComparison(
        interval,
        (as_large + 1) / (resamples + 1),
        wins=int((gain > 0).sum()),
        losses=int((gain < 0).sum()),
        ties=int((gain == 0).sum()),
    )


def compare_metric(
    first: Metric,
    second: Metric,
    patients: Sequence[object] | NDArray[np.generic],
    *,
    rng: np.random.Generator,
    resamples: int = 1000,
    level: float = 0.95,
) -> Interval:
    """Interval of second minus first, on the same draws, for metrics without a value per case (AUROC)."""
    return bootstrap_interval(
        lambda items: second(items) - first(items), patients, rng=rng, resamples=resamples, level=level
    )


def _groups(patients: Sequence[object] | NDArray[np.generic]) -> list[NDArray[np.int64]]:
    """Item indices of each patient, patients in sorted order."""
    codes = np.unique(np.asarray(patients), return_inverse=True)[1]
    if not codes.size:
        raise ValueError("no items")
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.nonzero(np.diff(codes[order]))[0] + 1)


def _draw(groups: list[NDArray[np.int64]], rng: np.random.Generator) -> NDArray[np.int64]:
    return np.concatenate([groups[i] for i in rng.integers(len(groups), size=len(groups))])


def _sums(
    values: NDArray[np.float64], patients: Sequence[object] | NDArray[np.generic]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum and number of the known values of each patient."""
    codes = np.unique(np.asarray(patients), return_inverse=True)[1]
    if values.shape != codes.shape or not codes.size:
        raise ValueError(f"values {values.shape} and patients {codes.shape} must be of the same items")
    known = ~np.isnan(values)
    total = int(codes.max()) + 1
    sums = np.bincount(codes[known], values[known], minlength=total).astype(np.float64)
    return sums, np.bincount(codes[known], minlength=total).astype(np.float64)


def _interval(estimate: float, drawn: NDArray[np.float64], level: float) -> Interval:
    known = drawn[~np.isnan(drawn)]
    if not known.size:
        return Interval(float(estimate), float("nan"), float("nan"), 0)
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(estimate), float(low), float(high), int(known.size))
