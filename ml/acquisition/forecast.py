"""What more labels would bring: a power law through the learning curve, with an interval and a plain statement.

metric(n) = a - b · n^-c, the form learning curves follow (Hestness 2017; Rosenfeld, ICLR 2020; for labels in
medical images Figueroa, BMC Medical Informatics 2012). Intervals come from a parametric bootstrap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

EXPONENTS = np.geomspace(0.05, 2.0, 80)
FEWEST_POINTS = 4
LEAST_NOISE = 0.002
"""A curve of few points can fit by luck; nobody's metric repeats better than this."""


@dataclass(frozen=True)
class PowerLaw:
    """metric(n) = a - b · n^-c: a is where the curve levels off, c how fast it gets there."""

    a: float
    b: float
    c: float

    def at(self, labels: ArrayLike) -> NDArray[np.float64]:
        """The metric at numbers of labels > 0, same shape."""
        return self.a - self.b * np.asarray(labels, dtype=np.float64) ** -self.c

    def labels_for(self, metric: float) -> float:
        """How many labels reach a metric; infinity where the curve levels off below it."""
        if self.b <= 0:
            return 1.0 if metric <= self.a else float("inf")
        return float((self.b / (self.a - metric)) ** (1 / self.c)) if metric < self.a else float("inf")


@dataclass(frozen=True)
class Forecast:
    """Expected metric with its interval at each number of labels, all [K]; `law`: the fitted curve."""

    labels: NDArray[np.float64]
    expected: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    law: PowerLaw


@dataclass(frozen=True)
class Advice:
    """Whether more labels are worth it: None = too early to say. gain: expected, low, high of the metric."""

    worth: bool | None
    gain: tuple[float, float, float] | None
    statement: str


def fit_power_law(
    labels: ArrayLike, metric: ArrayLike, *, error: ArrayLike | None = None, ceiling: float = 1.0
) -> PowerLaw:
    """The weighted least-squares power law through K >= 2 points, never falling, levelling off by `ceiling`.

    labels [K] > 0, metric [K] larger = better, error [K]: standard errors, equal when None. For each exponent
    on a grid the best a and b are closed-form, so there is no start value and no local minimum. Raises
    ValueError for fewer points or bad values.
    """
    n, y, weight = _checked(labels, metric, error)
    a, b, c = _fit(n, y[None], weight, ceiling)
    return PowerLaw(float(a[0]), float(b[0]), float(c[0]))


def forecast(
    labels: ArrayLike,
    metric: ArrayLike,
    at: ArrayLike,
    *,
    rng: np.random.Generator,
    error: ArrayLike | None = None,
    ceiling: float = 1.0,
    level: float = 0.9,
    resamples: int = 500,
) -> Forecast:
    """The metric to expect `at` [K] numbers of labels, from the rounds so far (at least 4).

    The interval is of the curve itself, not of one noisy measurement on it; arguments as in `fit_power_law`.
    """
    wanted = np.asarray(at, dtype=np.float64)
    law, drawn = _bootstrap(labels, metric, error, ceiling, resamples, rng)
    curves = np.stack([one.at(wanted) for one in drawn])
    low, high = np.quantile(curves, [(1 - level) / 2, (1 + level) / 2], axis=0)
    expected = law.at(wanted)
    return Forecast(wanted, expected, np.minimum(low, expected), np.maximum(high, expected), law)


def advise(
    labels: Sequence[float],
    metric: Sequence[float],
    more: int,
    *,
    rng: np.random.Generator,
    error: Sequence[float] | None = None,
    ceiling: float = 1.0,
    smallest_gain: float = 0.01,
    name: str = "the metric",
    level: float = 0.9,
) -> Advice:
    """Say whether `more` labels beyond the last round are worth it: a gain of at least `smallest_gain`.

    Arguments as in `forecast`; name: what the metric is called in the statement.
    """
    if len(labels) < FEWEST_POINTS:
        return Advice(None, None, f"Too early to say: a forecast needs {FEWEST_POINTS} rounds of training.")
    now = float(max(labels))
    law, drawn = _bootstrap(labels, metric, error, ceiling, 500, rng)
    gains = [float(one.at(now + more) - one.at(now)) for one in [law, *drawn]]
    low, high = np.quantile(gains[1:], [(1 - level) / 2, (1 + level) / 2])
    gain = gains[0], min(float(low), gains[0]), max(float(high), gains[0])
    what = f"{more} more labels should raise {name} by {gain[0]:.3f} ({gain[1]:.3f} to {gain[2]:.3f})"
    if gain[2] < smallest_gain:
        return Advice(False, gain, f"More labels are hardly worth it: {what}.")
    if gain[1] >= smallest_gain:
        return Advice(True, gain, f"More labels are worth it: {what}.")
    worth = gain[0] >= smallest_gain
    verdict = "probably" if worth else "probably not"
    return Advice(worth, gain, f"More labels are {verdict} worth it: {what}.")


def _bootstrap(
    labels: ArrayLike,
    metric: ArrayLike,
    error: ArrayLike | None,
    ceiling: float,
    resamples: int,
    rng: np.random.Generator,
) -> tuple[PowerLaw, list[PowerLaw]]:
    """The fit, and fits to curves drawn around it with the stated errors or, if larger, the scatter seen."""
    n, y, weight = _checked(labels, metric, error)
    if len(n) < FEWEST_POINTS:
        raise ValueError(f"a forecast needs {FEWEST_POINTS} points")
    law = fit_power_law(n, y, error=error, ceiling=ceiling)
    scatter = np.sqrt(((y - law.at(n)) ** 2).sum() / max(len(n) - 3, 1))
    spread = np.full(len(n), max(float(scatter), LEAST_NOISE))
    if error is not None:
        spread = np.maximum(spread, np.asarray(error, dtype=np.float64))
    drawn = law.at(n) + rng.normal(size=(resamples, len(n))) * spread
    return law, [PowerLaw(*map(float, abc)) for abc in zip(*_fit(n, drawn, weight, ceiling), strict=True)]


def _fit(
    n: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64], ceiling: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Best a, b, c for each curve of y [curves, points], over the grid of exponents, 0 <= b and a <= ceiling."""
    best = np.full(len(y), np.inf)
    a, b, c = np.zeros(len(y)), np.zeros(len(y)), np.zeros(len(y))
    mean = y @ weight
    for exponent in EXPONENTS:
        x = n**-exponent
        mean_x = x @ weight
        slope = -((y - mean[:, None]) * (x - mean_x)) @ weight / (((x - mean_x) ** 2) @ weight)
        level = mean + slope * mean_x
        capped = ((ceiling - y) * x) @ weight / (x**2 @ weight)
        slope, level = np.where(level > ceiling, capped, slope), np.minimum(level, ceiling)
        level, slope = np.where(slope < 0, np.minimum(mean, ceiling), level), np.maximum(slope, 0)
        missed = ((y - level[:, None] + slope[:, None] * x) ** 2) @ weight
        better = missed < best
        best[better] = missed[better]
        a[better], b[better], c[better] = level[better], slope[better], exponent
    return a, b, c


def _checked(
    labels: ArrayLike, metric: ArrayLike, error: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Labels, metric and weights that sum to 1, all [K]."""
    n, y = np.asarray(labels, dtype=np.float64), np.asarray(metric, dtype=np.float64)
    sigma = np.ones_like(y) if error is None else np.asarray(error, dtype=np.float64)
    if n.ndim != 1 or not n.shape == y.shape == sigma.shape or len(np.unique(n)) < 2:
        raise ValueError("a curve needs two numbers of labels or more, each with its metric")
    if not (np.isfinite(y).all() and (n > 0).all() and (sigma > 0).all()):
        raise ValueError("labels and errors must be positive, metrics numbers")
    return n, y, sigma**-2 / (sigma**-2).sum()
