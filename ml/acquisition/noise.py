"""Stochastic batches: noise on scores keeps a batch from being many copies of one hard case.

Kirsch, Farquhar et al., Stochastic Batch Acquisition (TMLR 2023): taking the top n of Gumbel-noised scores is
sampling without replacement, as good as BatchBALD and BADGE at a fraction of the work.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Noise = Literal["none", "softmax", "power", "softrank"]
NOISES: tuple[Noise, ...] = ("none", "softmax", "power", "softrank")


def perturb(scores: ArrayLike, kind: Noise, beta: float, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """Scores [N], larger = better, with Gumbel(0, 1/β) noise; β -> ∞ keeps the plain order.

    "softmax" adds it to the score, "power" to its logarithm (a score of 0 stays last), "softrank" to
    -log(rank), ranks from 1 with ties averaged. Raises ValueError for β <= 0, NaN, or negative power scores.
    """
    values = np.asarray(scores, dtype=np.float64)
    if not beta > 0:
        raise ValueError("beta must be positive")
    if np.isnan(values).any():
        raise ValueError("scores hold NaN")
    if kind == "none":
        return values.copy()
    if kind == "power":
        values = log_scores(values)
    elif kind == "softrank":
        values = -np.log(_ranks(values))
    return values + rng.gumbel(0, 1 / beta, size=values.shape)


def log_scores(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Natural logarithm of scores >= 0, 0 taken as the smallest normal number so that order stays total."""
    if scores.size and scores.min() < 0:
        raise ValueError("power noise needs scores of 0 or more")
    return np.log(np.maximum(scores, np.finfo(np.float64).tiny))


def scheduled_beta(round_index: int, rounds: int, *, first: float = 1.0, last: float = 100.0) -> float:
    """β of a round: geometric from `first` in round 0 to `last` in round rounds-1 and after (ClaSP PE).

    Noise fades as the model comes to know what it does not know. Raises ValueError for β <= 0 or a round < 0.
    """
    if min(first, last) <= 0 or round_index < 0:
        raise ValueError("beta must be positive and rounds count from 0")
    progress = min(round_index / (rounds - 1), 1.0) if rounds > 1 else 1.0
    return float(first * (last / first) ** progress)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks [N] from 1 for the largest value, ties averaged."""
    _, group, count = np.unique(-values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[group]
