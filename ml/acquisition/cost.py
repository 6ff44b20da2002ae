"""Labels per second rather than per image: what an item will cost to label, from measured seconds."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

ENOUGH_TO_FIT = 20
MOST_TO_FIT = 1000


def cost_aware(scores: ArrayLike, cost_seconds: ArrayLike, *, power: float = 1.0) -> NDArray[np.float64]:
    """Score per second: scores [N] >= 0 divided by seconds [N] to a power (0 = cost ignored, 1 = per second).

    Settles, Craven and Friedland (NIPS workshop 2008). Unknown seconds (NaN or <= 0) count as the median of
    the known ones, so they neither gain nor lose. Raises ValueError for negative scores or other lengths.
    """
    values, seconds = np.asarray(scores, dtype=np.float64), np.array(cost_seconds, dtype=np.float64)
    if values.shape != seconds.shape:
        raise ValueError(f"scores {values.shape} and seconds {seconds.shape} differ in shape")
    if values.size and values.min() < 0:
        raise ValueError("scores must be 0 or more to be divided by a cost")
    known = np.isfinite(seconds) & (seconds > 0)
    if not known.any():
        return values.copy()
    seconds[~known] = np.median(seconds[known])
    return values / (seconds / np.median(seconds)) ** power


def estimate_seconds(
    measured_seconds: ArrayLike, measured_size: ArrayLike, candidate_size: ArrayLike
) -> NDArray[np.float64]:
    """Expected seconds [N] to label candidates, from the seconds [M] and sizes [M] of those labelled.

    Size: what drives the work, such as the share of foreground (the model's for candidates). The latest 1000
    count. From 20 on a robust line is fitted, log seconds over log(1e-3 + size) (Theil-Sen: people take breaks,
    so outliers are many), and kept within the measured range; below, every candidate gets the median. Without
    any measure: NaN.
    """
    seconds, size = (
        np.asarray(measured_seconds, dtype=np.float64),
        np.asarray(measured_size, dtype=np.float64),
    )
    wanted = np.asarray(candidate_size, dtype=np.float64)
    known = np.isfinite(seconds) & (seconds > 0) & np.isfinite(size)
    seconds, size = seconds[known][-MOST_TO_FIT:], _log_size(size[known])[-MOST_TO_FIT:]
    if not seconds.size:
        return np.full(wanted.shape, np.nan)
    if seconds.size < ENOUGH_TO_FIT or np.ptp(size) == 0:
        return np.full(wanted.shape, float(np.median(seconds)))
    slope, intercept = _theil_sen(size, np.log(seconds))
    low, high = np.quantile(seconds, [0.05, 0.95])
    return np.clip(np.exp(intercept + slope * _log_size(wanted)), low, high)


def _theil_sen(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and intercept of a line: the median slope of all pairs (Sen, JASA 1968), then the median rest."""
    run, rise = np.subtract.outer(x, x), np.subtract.outer(y, y)
    slope = float(np.median(rise[run > 0] / run[run > 0]))
    return slope, float(np.median(y - slope * x))


def _log_size(size: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.log(1e-3 + np.maximum(size, 0))
