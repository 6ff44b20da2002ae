"""The rules behind the cards that need no embeddings: chance, strides, uncertainty, ClaSP.

Each rule takes (pool, n, keeper, rng, options), chooses up to n candidates that the keeper leaves open, and
says why. Larger score = sooner.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ml.acquisition import reasons, uncertainty
from ml.acquisition.caps import CapKeeper
from ml.acquisition.clasp import choose_clasp
from ml.acquisition.cost import cost_aware
from ml.acquisition.noise import perturb, scheduled_beta
from ml.acquisition.pool import Options, Picks, Pool, known

Rule = Callable[[Pool, int, CapKeeper, np.random.Generator, Options], Picks]
Measure = Callable[[Pool], NDArray[np.float64]]


def pick_random(pool: Pool, n: int, keeper: CapKeeper, rng: np.random.Generator, options: Options) -> Picks:
    """Every candidate equally likely."""
    score = rng.random(len(pool))
    order = keeper.take_best(score, n)
    return Picks(order, score, [reasons.RANDOM] * len(order), random=True)


def pick_foreground_random(
    pool: Pool, n: int, keeper: CapKeeper, rng: np.random.Generator, options: Options
) -> Picks:
    """A share at random from candidates with foreground, the rest from all (nnActive's baseline)."""
    draws = rng.random(len(pool))
    holds = np.nan_to_num(np.asarray(pool.foreground, dtype=np.float64)) > 0
    wanted = min(round(options.foreground_share * n), int(holds.sum()))
    first = keeper.take_best(np.where(holds, draws, -1.0), wanted)
    order = rng.permutation(np.concatenate([first, keeper.take_best(draws, n - len(first))]))
    drawn_for_it = np.isin(order, first) & holds[order]
    why = [reasons.RANDOM_FOREGROUND if drawn else reasons.RANDOM for drawn in drawn_for_it]
    return Picks(order, draws + np.where(holds, options.foreground_share, 0), why)


def pick_strided(pool: Pool, n: int, keeper: CapKeeper, rng: np.random.Generator, options: Options) -> Picks:
    """Evenly spaced slices of every series, series in random order, a random start each (Burmeister 2022)."""
    series = np.asarray(pool.series).astype(str) if pool.series is not None else np.full(len(pool), "")
    position = np.asarray(pool.slice_position, dtype=np.float64)
    names, codes = np.unique(series, return_inverse=True)
    members = [np.nonzero(codes == code)[0] for code in rng.permutation(len(names))]
    strides = -(-n // len(names))
    starts = rng.random(len(names))
    chosen: list[int] = []
    for stride in range(strides):
        for group, start in zip(members, starts, strict=True):
            free = group[keeper.open[group]]
            if len(chosen) < n and len(free):
                low, high = position[group].min(), position[group].max() + 1
                target = low + (stride + start) / strides * (high - low) - 0.5
                nearest = int(free[np.argmin(np.abs(position[free] - target))])
                keeper.take(nearest)
                chosen.append(nearest)
    score = rng.random(len(pool))
    order = np.concatenate([np.asarray(chosen, dtype=np.int64), keeper.take_best(score, n - len(chosen))])
    return Picks(order, score, [reasons.STRIDED] * len(order))


def by_measure(measure: Measure, why: str | None = None) -> Rule:
    """A rule that takes the largest of a measure, with the noise and the cost that the options ask for."""

    def rule(pool: Pool, n: int, keeper: CapKeeper, rng: np.random.Generator, options: Options) -> Picks:
        score = per_cost(measure(pool), pool, options)
        order = keeper.take_best(perturb(score, options.noise, options.beta, rng=rng), n)
        return Picks(order, score, [why] * len(order) if why else reasons.hesitations(pool, order, options))

    return rule


def pick_clasp(pool: Pool, n: int, keeper: CapKeeper, rng: np.random.Generator, options: Options) -> Picks:
    """Class-stratified, scheduled power predictive entropy; see `ml.acquisition.clasp`."""
    beta = scheduled_beta(options.round, options.rounds, first=options.beta_first, last=options.beta_max)
    by_class = pool.unsure_by_class()
    score = per_cost(pool.unsure(), pool, options)
    order, strata = choose_clasp(
        score,
        np.stack([per_cost(column, pool, options) for column in by_class.T], axis=1),
        n,
        beta=beta,
        keeper=keeper,
        rng=rng,
        background=options.background,
    )
    return Picks(order, score, reasons.hesitations(pool, order, options, strata=strata))


def per_cost(score: NDArray[np.float64], pool: Pool, options: Options) -> NDArray[np.float64]:
    """Scores [N] divided by the expected seconds where the options ask for it and the pool knows them."""
    if not options.cost_power or pool.cost_seconds is None:
        return score
    return cost_aware(score, pool.cost_seconds, power=options.cost_power)


def entropy_of(pool: Pool) -> NDArray[np.float64]:
    """Predictive entropy [N]."""
    return pool.unsure()


def of_probabilities(measure: Callable[[NDArray[np.floating]], NDArray[np.float64]]) -> Measure:
    """A measure of the pool from a measure of its probabilities [N, passes, classes]."""

    return lambda pool: measure(known(pool.probabilities))


MARGIN = of_probabilities(uncertainty.margin)
LEAST_CONFIDENCE = of_probabilities(uncertainty.least_confidence)
BALD = of_probabilities(uncertainty.bald)
