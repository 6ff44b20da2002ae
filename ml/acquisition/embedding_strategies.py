"""The rules behind the cards that look at embeddings: from pool and options to diversity and coverage."""

from __future__ import annotations

import numpy as np

from ml.acquisition import coverage, diversity, reasons, uncertainty
from ml.acquisition.caps import CapKeeper
from ml.acquisition.diversity import Chosen
from ml.acquisition.pool import Options, Picks, Pool, known


def pick_k_centre(pool: Pool, n: int, keeper: CapKeeper, rng: np.random.Generator, options: Options) -> Picks:
    """Farthest first; see `diversity.k_centre_greedy`."""
    rows = known(pool.embeddings)
    return _picks(diversity.k_centre_greedy(rows, pool.labelled_embeddings, n, keeper=keeper), reasons.UNLIKE)


def pick_badge(pool: Pool, n: int, keeper: CapKeeper, rng: np.random.Generator, options: Options) -> Picks:
    """Diverse gradients; see `diversity.badge`."""
    mean = uncertainty.mean_probabilities(known(pool.probabilities))
    chosen = diversity.badge(mean, known(pool.embeddings), n, keeper=keeper, rng=rng)
    return _picks(chosen, reasons.HARD_AND_DIFFERENT)


def pick_typiclust(
    pool: Pool, n: int, keeper: CapKeeper, rng: np.random.Generator, options: Options
) -> Picks:
    """Typical images of unlabelled clusters; see `diversity.typiclust`."""
    rows = known(pool.embeddings)
    chosen = diversity.typiclust(rows, pool.labelled_embeddings, n, keeper=keeper, rng=rng)
    return _picks(chosen, reasons.TYPICAL)


def pick_prob_cover(
    pool: Pool, n: int, keeper: CapKeeper, rng: np.random.Generator, options: Options
) -> Picks:
    """Coverage by balls; see `coverage.prob_cover`."""
    rows = known(pool.embeddings)
    chosen = coverage.prob_cover(rows, pool.labelled_embeddings, n, keeper=keeper, rng=rng)
    return _picks(chosen, reasons.COVERS)


def pick_max_herding(
    pool: Pool, n: int, keeper: CapKeeper, rng: np.random.Generator, options: Options
) -> Picks:
    """Coverage by likeness; see `coverage.max_herding`."""
    rows = known(pool.embeddings)
    chosen = coverage.max_herding(rows, pool.labelled_embeddings, n, keeper=keeper, rng=rng)
    return _picks(chosen, reasons.COVERS)


def pick_clue(pool: Pool, n: int, keeper: CapKeeper, rng: np.random.Generator, options: Options) -> Picks:
    """Middles of unsure groups; see `diversity.clue`."""
    chosen = diversity.clue(known(pool.embeddings), pool.unsure(), n, keeper=keeper, rng=rng)
    return _picks(chosen, reasons.UNSURE_GROUP)


def _picks(chosen: Chosen, why: str) -> Picks:
    order, score = chosen
    return Picks(order, score, [why] * len(order))
