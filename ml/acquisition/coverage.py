"""Coverage: choose rows so that as many others as possible are like a labelled or chosen one.

One greedy algorithm, two kernels: a ball (ProbCover) and a Gaussian (MaxHerding). Coverage is estimated on a
random sample of rows and maximised over a random sample of candidates, so memory stays bounded.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ml.acquisition.caps import CapKeeper
from ml.acquisition.distances import chunks, k_means, squared_distances, unit_rows
from ml.acquisition.diversity import Chosen

REFERENCES = 2048
CANDIDATES = 8192
PURE = 0.95

Kernel = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def prob_cover(
    embeddings: NDArray[np.floating],
    labelled: NDArray[np.floating] | None,
    n: int,
    *,
    keeper: CapKeeper,
    rng: np.random.Generator,
    radius: float | None = None,
) -> Chosen:
    """Rows whose balls cover most rows not covered yet (ProbCover, Yehuda et al., NeurIPS 2022).

    embeddings [N, D], labelled [M, D] or None, compared by direction (rows scaled to length 1). The method is
    sensitive to its radius; without one, `pure_radius` estimates it. Score: share of rows within the ball.
    """
    rows = unit_rows(embeddings)
    reach = pure_radius(rows, rng=rng) if radius is None else radius
    return _greedy(rows, labelled, n, lambda squared: (squared <= reach**2).astype(np.float32), keeper, rng)


def max_herding(
    embeddings: NDArray[np.floating],
    labelled: NDArray[np.floating] | None,
    n: int,
    *,
    keeper: CapKeeper,
    rng: np.random.Generator,
) -> Chosen:
    """Rows that most raise each row's likeness to the chosen (MaxHerding, Bae et al., ECCV 2024).

    embeddings [N, D], labelled [M, D] or None, by direction. Likeness is exp(-d²/σ²) with σ the median
    distance between rows, so it needs no radius. Score: mean likeness to all rows.
    """
    rows = unit_rows(embeddings)
    some = rows[_sample(len(rows), REFERENCES, rng)]
    squared = squared_distances(some, some)
    width = float(np.median(squared[squared > 0])) if (squared > 0).any() else 1.0
    return _greedy(rows, labelled, n, lambda squared: np.exp(-squared / width), keeper, rng)


def pure_radius(rows: NDArray[np.float32], *, rng: np.random.Generator, clusters: int = 20) -> float:
    """The largest radius at which 95 % of balls hold one k-means cluster only: ProbCover's own rule.

    rows [N, D]; judged on a random sample of 2048.
    """
    some = rows[_sample(len(rows), REFERENCES, rng)]
    labels = k_means(some, min(clusters, len(some)), rng=rng).labels
    squared = squared_distances(some, some)
    other = np.where(labels[:, None] != labels, squared, np.inf).min(axis=1)
    if not np.isfinite(other).any():
        return float(np.sqrt(squared.max()))
    return float(np.sqrt(np.quantile(other, 1 - PURE)))


def _greedy(
    rows: NDArray[np.float32],
    labelled: NDArray[np.floating] | None,
    n: int,
    kernel: Kernel,
    keeper: CapKeeper,
    rng: np.random.Generator,
) -> Chosen:
    """Greedy maximisation of the mean over references of their best kernel value, lazily (Minoux 1978)."""
    references = rows[_sample(len(rows), REFERENCES, rng)]
    score = np.concatenate(
        [
            kernel(squared_distances(rows[part], references)).mean(axis=1)
            for part in chunks(len(rows), REFERENCES)
        ]
        or [np.empty(0)]
    ).astype(np.float64)
    covered = np.zeros(len(references), dtype=np.float32)
    if labelled is not None and len(labelled):
        covered = _covered(references, unit_rows(labelled), kernel)
    free = np.nonzero(keeper.open)[0]
    candidates = free[_sample(len(free), CANDIDATES, rng)]
    order = _lazy(kernel(squared_distances(rows[candidates], references)), candidates, covered, n, keeper)
    rest = keeper.take_best(score, n - len(order))
    return np.concatenate([order, rest]), score


def _lazy(
    likeness: NDArray[np.float32],
    candidates: NDArray[np.int64],
    covered: NDArray[np.float32],
    n: int,
    keeper: CapKeeper,
) -> NDArray[np.int64]:
    """Take candidates of largest gain; gains only shrink, so a stale one on the heap is renewed first."""

    def gain(position: int) -> float:
        return float(np.maximum(likeness[position] - covered, 0).sum(dtype=np.float64))

    heap = [(-gain(position), position, 0) for position in range(len(candidates))]
    heapq.heapify(heap)
    chosen: list[int] = []
    while heap and len(chosen) < n:
        _, position, fresh_at = heapq.heappop(heap)
        if not keeper.open[candidates[position]]:
            continue
        if fresh_at < len(chosen):
            heapq.heappush(heap, (-gain(position), position, len(chosen)))
            continue
        keeper.take(int(candidates[position]))
        chosen.append(int(candidates[position]))
        covered = np.maximum(covered, likeness[position])
    return np.asarray(chosen, dtype=np.int64)


def _covered(
    references: NDArray[np.float32], labelled: NDArray[np.float32], kernel: Kernel
) -> NDArray[np.float32]:
    """Best kernel value of each reference with any labelled row [R]."""
    best = np.zeros(len(references), dtype=np.float32)
    for part in chunks(len(labelled), len(references)):
        best = np.maximum(best, kernel(squared_distances(references, labelled[part])).max(axis=1))
    return best


def _sample(count: int, most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Sorted indices of at most `most` of `count`, at random."""
    return np.sort(rng.choice(count, min(count, most), replace=False))
