"""Distances and k-means in bounded memory: 100,000 candidates never meet each other all at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

ROUNDING = 4e-6
"""Squared distances below this share of the squared lengths are float32 rounding: the rows are equal."""

CHUNK_VALUES = 1 << 23
"""Values held at once: 32 MiB of float32."""


def as_rows(embeddings: ArrayLike) -> NDArray[np.float32]:
    """Embeddings [N, D] as float32; ValueError when not two-dimensional or not finite."""
    rows = np.ascontiguousarray(embeddings, dtype=np.float32)
    if rows.ndim != 2:
        raise ValueError(f"embeddings must be [N, D], not {rows.shape}")
    if not np.isfinite(rows).all():
        raise ValueError("embeddings hold NaN or infinity")
    return rows


def unit_rows(embeddings: ArrayLike) -> NDArray[np.float32]:
    """Embeddings [N, D] scaled to length 1 (zero stays zero), as the coverage papers do."""
    rows = as_rows(embeddings)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(np.float32).tiny)


def chunks(rows: int, width: int) -> Iterator[slice]:
    """Slices over `rows` rows such that a slice times `width` columns stays within the memory bound."""
    step = max(1, CHUNK_VALUES // max(width, 1))
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def squared_distances(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squared Euclidean distances [len(a), len(b)] between rows of [·, D].

    What lies within float32 rounding of zero is zero, so that duplicates are at distance 0 exactly.
    """
    size_a, size_b = np.einsum("nd,nd->n", a, a), np.einsum("nd,nd->n", b, b)
    return squared_from(size_a[:, None] + size_b, a @ b.T)


def nearest(
    rows: NDArray[np.float32], to: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """For each row [N, D] the index of the nearest of `to` [K, D] and its squared distance, both [N]."""
    index = np.empty(len(rows), dtype=np.int64)
    squared = np.empty(len(rows), dtype=np.float32)
    for part in chunks(len(rows), len(to)):
        distances = squared_distances(rows[part], to)
        index[part] = distances.argmin(axis=1)
        squared[part] = distances.min(axis=1)
    return index, squared


class Rows:
    """Rows [N, D] with their squared lengths kept, for the distances of all to one at a time."""

    def __init__(self, rows: NDArray[np.float32]) -> None:
        self._rows = rows
        self._sizes = np.einsum("nd,nd->n", rows, rows)

    def squared_to(self, index: int) -> NDArray[np.float32]:
        """Squared distances [N] of every row to row `index`; 0 for duplicates, as in `squared_distances`."""
        return squared_from(self._sizes + self._sizes[index], self._rows @ self._rows[index])


@dataclass(frozen=True)
class Clusters:
    """centres [K, D]; labels [N]: each row's cluster; squared [N]: squared distance to its centre."""

    centres: NDArray[np.float32]
    labels: NDArray[np.int64]
    squared: NDArray[np.float32]


def k_means(
    rows: NDArray[np.float32],
    k: int,
    *,
    rng: np.random.Generator,
    weights: NDArray[np.float64] | None = None,
    iterations: int = 20,
    sample: int = 20_000,
) -> Clusters:
    """Lloyd's k-means (1982) from k-means++ seeds (Arthur and Vassilvitskii, SODA 2007).

    rows [N, D]; weights [N] >= 0, equal when None. Centres are fitted on at most `sample` rows drawn at
    random (at least k), then all rows are assigned. A cluster that loses its rows keeps its centre. Stops
    early when no row moves. Raises ValueError for k outside 1..N.
    """
    if not 1 <= k <= len(rows):
        raise ValueError(f"cannot form {k} clusters of {len(rows)} rows")
    mass = np.ones(len(rows)) if weights is None else np.asarray(weights, dtype=np.float64)
    drawn = np.sort(rng.choice(len(rows), min(len(rows), max(sample, k)), replace=False))
    fitted, fitted_mass = rows[drawn], mass[drawn]
    centres = fitted[plus_plus_seeds(fitted, k, rng=rng, weights=fitted_mass)]
    labels = nearest(fitted, centres)[0]
    for _ in range(iterations):
        centres = _centroids(fitted, labels, fitted_mass, centres)
        before, labels = labels, nearest(fitted, centres)[0]
        if np.array_equal(before, labels):
            break
    return Clusters(centres, *nearest(rows, centres))


def plus_plus_seeds(
    rows: NDArray[np.float32], k: int, *, rng: np.random.Generator, weights: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Indices [k] of k-means++ seeds, each drawn by weight x squared distance to the nearest before it."""
    measured = Rows(rows)
    seeds = [draw(weights, rng)]
    squared = np.full(len(rows), np.inf)
    for _ in range(k - 1):
        squared = np.minimum(squared, measured.squared_to(seeds[-1]))
        seeds.append(draw(weights * squared, rng))
    return np.asarray(seeds, dtype=np.int64)


def draw(mass: NDArray[np.float64], rng: np.random.Generator) -> int:
    """An index drawn in proportion to mass [N] >= 0; any index when all mass is 0."""
    cumulative = np.cumsum(mass, dtype=np.float64)
    if not cumulative[-1] > 0:
        return int(rng.integers(len(mass)))
    return int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))


def squared_from(total: NDArray[np.float32], product: NDArray[np.float32]) -> NDArray[np.float32]:
    """|a - b|² from |a|² + |b|² and a · b, 0 where it is but rounding."""
    squared = total - 2 * product
    squared[squared < ROUNDING * total] = 0
    return squared


def _centroids(
    rows: NDArray[np.float32],
    labels: NDArray[np.int64],
    mass: NDArray[np.float64],
    before: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Weighted mean of each cluster's rows [K, D]; the former centre where a cluster weighs nothing."""
    total = np.bincount(labels, mass, minlength=len(before))
    members = sparse.csr_array((mass, (labels, np.arange(len(rows)))), shape=(len(before), len(rows)))
    filled = total > 0
    centres = before.copy()
    centres[filled] = (members @ rows)[filled] / total[filled, None]
    return centres
