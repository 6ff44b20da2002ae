"""Batches that differ from one another and from what is labelled, chosen on embeddings.

Every function takes a `CapKeeper`, takes only what it leaves open, and returns an order [K <= n] of row
indices and a score [N], larger = sooner. Memory stays bounded whatever N is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.acquisition.caps import CapKeeper
from ml.acquisition.distances import (
    Rows,
    as_rows,
    draw,
    k_means,
    nearest,
    squared_distances,
    squared_from,
)

Chosen = tuple[NDArray[np.int64], NDArray[np.float64]]

MOST_CLUSTERS = 500
MOST_MEMBERS = 2000
NEIGHBOURS = 20


def k_centre_greedy(
    embeddings: NDArray[np.floating],
    labelled: NDArray[np.floating] | None,
    n: int,
    *,
    keeper: CapKeeper,
) -> Chosen:
    """Again and again the row farthest from all labelled and chosen ones (Sener and Savarese, ICLR 2018).

    embeddings [N, D], labelled [M, D] or None: then the most central row comes first. A row equal to a
    labelled or chosen one is never taken, so the order may be short. Score: distance to the nearest labelled
    or chosen row.
    """
    rows, known = _centred(embeddings, labelled)
    squared = nearest(rows, known)[1] if len(known) else np.full(len(rows), np.inf, dtype=np.float32)
    measured = Rows(rows)
    chosen: list[int] = []
    while len(chosen) < n and keeper.open.any():
        if not chosen and not len(known):
            index = _first_open(np.einsum("nd,nd->n", rows, rows), keeper)
        else:
            index = _first_open(-squared, keeper)
        if not squared[index] > 0:
            break
        keeper.take(index)
        chosen.append(index)
        squared = np.minimum(squared, measured.squared_to(index))
    score = np.sqrt(squared, dtype=np.float64)
    return np.asarray(chosen, dtype=np.int64), np.where(np.isfinite(score), score, 0)


def badge(
    probabilities: NDArray[np.floating],
    embeddings: NDArray[np.floating],
    n: int,
    *,
    keeper: CapKeeper,
    rng: np.random.Generator,
) -> Chosen:
    """k-means++ draws on the gradients the last layer would get (BADGE, Ash et al., ICLR 2020).

    probabilities [N, classes] (mean over passes), embeddings [N, D]. The gradient (p - onehot(call)) x
    embedding is never formed: its products factor into those of its two parts. Score: length of the gradient.
    """
    blame = np.array(probabilities, dtype=np.float32)
    blame[np.arange(len(blame)), blame.argmax(axis=1)] -= 1
    rows = as_rows(embeddings)
    size = np.einsum("nc,nc->n", blame, blame) * np.einsum("nd,nd->n", rows, rows)
    squared = size
    chosen: list[int] = []
    while len(chosen) < n and keeper.open.any():
        mass = np.where(keeper.open, squared, 0)
        index = int(mass.argmax()) if not chosen else draw(mass, rng)
        if not keeper.open[index]:
            index = int(rng.choice(np.nonzero(keeper.open)[0]))
        keeper.take(index)
        chosen.append(index)
        product = (blame @ blame[index]) * (rows @ rows[index])
        to_it = squared_from(size + size[index], product)
        squared = np.minimum(squared, to_it) if len(chosen) > 1 else to_it
    return np.asarray(chosen, dtype=np.int64), np.sqrt(size, dtype=np.float64)


def typiclust(
    embeddings: NDArray[np.floating],
    labelled: NDArray[np.floating] | None,
    n: int,
    *,
    keeper: CapKeeper,
    rng: np.random.Generator,
) -> Chosen:
    """The most typical row of each large cluster that holds no label yet (TypiClust, Hacohen, ICML 2022).

    embeddings [N, D], labelled [M, D] or None. Rows and labelled together form M + n clusters, 500 at most;
    clusters with fewest labels first, the largest of those first. Typicality is the inverse mean distance to
    20 neighbours in the cluster, judged within 2000 random members at most. Score: nearness to the own
    cluster's centre.
    """
    rows, known = _centred(embeddings, labelled)
    together = np.concatenate([rows, known])
    k = max(1, min(len(known) + n, MOST_CLUSTERS, len(together)))
    clusters = k_means(together, k, rng=rng)
    sizes = np.bincount(clusters.labels, minlength=k)
    covered = np.bincount(clusters.labels[len(rows) :], minlength=k)
    mine = clusters.labels[: len(rows)]
    typical: dict[int, NDArray[np.int64]] = {}
    chosen: list[int] = []
    while len(chosen) < n and keeper.open.any():
        available = np.bincount(mine[keeper.open], minlength=k) > 0
        cluster = int(min(np.nonzero(available)[0], key=lambda c: (covered[c], -sizes[c])))
        if cluster not in typical:
            typical[cluster] = _by_typicality(rows, np.nonzero(mine == cluster)[0], rng)
        index = next(int(i) for i in typical[cluster] if keeper.open[i])
        keeper.take(index)
        chosen.append(index)
        covered[cluster] += 1
    return np.asarray(chosen, dtype=np.int64), 1 / (1.0 + np.sqrt(clusters.squared[: len(rows)]))


def clue(
    embeddings: NDArray[np.floating],
    entropy: NDArray[np.float64],
    n: int,
    *,
    keeper: CapKeeper,
    rng: np.random.Generator,
) -> Chosen:
    """The row nearest to each centre of entropy-weighted k-means (CLUE, Prabhu et al., ICCV 2021).

    embeddings [N, D], entropy [N]. Clusters of most total entropy first. Score: entropy.
    """
    rows, _ = _centred(embeddings, None)
    clusters = k_means(rows, min(n, len(rows)), rng=rng, weights=entropy) if n else None
    chosen: list[int] = []
    if clusters is not None:
        weight = np.bincount(clusters.labels, entropy, minlength=len(clusters.centres))
        for centre in clusters.centres[np.argsort(-weight, kind="stable")]:
            if not keeper.open.any():
                break
            index = _first_open(squared_distances(rows, centre[None])[:, 0], keeper)
            keeper.take(index)
            chosen.append(index)
    return np.asarray(chosen, dtype=np.int64), np.asarray(entropy, dtype=np.float64)


def _centred(
    embeddings: NDArray[np.floating], labelled: NDArray[np.floating] | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Both sets less the candidates' mean: the same distances with less rounding."""
    rows = as_rows(embeddings)
    known = as_rows(labelled) if labelled is not None else np.empty((0, rows.shape[1]), dtype=np.float32)
    if known.shape[1] != rows.shape[1]:
        raise ValueError(f"labelled embeddings have {known.shape[1]} values, candidates {rows.shape[1]}")
    middle = rows.mean(axis=0) if len(rows) else 0
    return rows - middle, known - middle


def _first_open(cost: NDArray[np.floating], keeper: CapKeeper) -> int:
    """The open candidate of least cost."""
    return int(np.argmin(np.where(keeper.open, cost, np.inf))) if keeper.open.any() else -1


def _by_typicality(
    rows: NDArray[np.float32], members: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Members of a cluster, most typical first; those beyond the sample judged follow in random order."""
    shuffled = rng.permutation(members)
    judged, rest = shuffled[:MOST_MEMBERS], shuffled[MOST_MEMBERS:]
    near = min(NEIGHBOURS + 1, len(judged))
    distances = np.sqrt(squared_distances(rows[judged], rows[judged]))
    mean = np.partition(distances, near - 1, axis=1)[:, :near].sum(axis=1) / max(near - 1, 1)
    return np.concatenate([judged[np.argsort(mean, kind="stable")], rest])
