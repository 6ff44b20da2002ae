"""How unsure a model is, per item or per pixel; in every measure larger = more unsure.

Probabilities come as [N, passes, classes]: N items (or pixels), a pass being one flip, one dropout draw or
one ensemble member, classes summing to 1. Entropies are in nats. No function changes its input.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr, rel_entr

Reduction = Literal["mean", "max", "top_k", "boundary"]


def mean_probabilities(probabilities: ArrayLike) -> NDArray[np.float64]:
    """Mean over passes: [N, passes, classes] -> [N, classes].

    Taken as first pass plus mean deviation from it, so that identical passes give exactly that pass. Raises
    ValueError unless rows are probabilities (half-precision rounding allowed).
    """
    p = _checked(probabilities)
    first = p[:, :1]
    return (first + (p - first).mean(axis=1, keepdims=True))[:, 0]


def entropy(probabilities: ArrayLike) -> NDArray[np.float64]:
    """Predictive entropy H of the mean over passes [N] (Shannon 1948); 0 .. log(classes)."""
    return entr(mean_probabilities(probabilities)).sum(axis=1)


def class_entropy(probabilities: ArrayLike) -> NDArray[np.float64]:
    """p_c · H per class [N, classes], summing to the entropy: the strata of ClaSP PE (arXiv 2601.13677)."""
    mean = mean_probabilities(probabilities)
    return mean * entr(mean).sum(axis=1, keepdims=True)


def least_confidence(probabilities: ArrayLike) -> NDArray[np.float64]:
    """1 - p of the most probable class [N] (Lewis and Gale, SIGIR 1994)."""
    return 1 - mean_probabilities(probabilities).max(axis=1)


def margin(probabilities: ArrayLike) -> NDArray[np.float64]:
    """1 - (first - second largest p) [N] (Scheffer 2001), turned so that larger = more unsure."""
    mean = mean_probabilities(probabilities)
    if mean.shape[1] < 2:
        raise ValueError("a margin needs two classes")
    top = np.partition(mean, -2, axis=1)
    return 1 - (top[:, -1] - top[:, -2])


def bald(probabilities: ArrayLike) -> NDArray[np.float64]:
    """Mutual information of prediction and pass [N] (BALD, Houlsby 2011; Gal 2017).

    H(mean) - mean H, computed as the mean divergence of each pass from the mean: never negative, and exactly
    0 for identical passes.
    """
    p = _checked(probabilities)
    mean = mean_probabilities(p)[:, None]
    return np.maximum(rel_entr(p, mean).sum(axis=2).mean(axis=1), 0)


def variance(probabilities: ArrayLike) -> NDArray[np.float64]:
    """Variance over passes, averaged over classes [N]; exactly 0 for identical passes."""
    p = _checked(probabilities)
    return ((p - mean_probabilities(p)[:, None]) ** 2).mean(axis=(1, 2))


def multilabel_entropy(probabilities: ArrayLike) -> NDArray[np.float64]:
    """Mean entropy of independent yes-or-no labels [N], from their probabilities [N, passes, labels]."""
    p = np.asarray(probabilities, dtype=np.float64)
    if p.ndim != 3 or (p.size and (p.min() < 0 or p.max() > 1)):
        raise ValueError("probabilities must be [N, passes, labels] within 0..1")
    mean = p.mean(axis=1)
    return (entr(mean) + entr(1 - mean)).mean(axis=1)


def reduce_map(
    values: ArrayLike,
    how: Reduction = "mean",
    *,
    share: float = 0.02,
    labels: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Reduce per-pixel values of N images, slices or patches [N, *spatial] to one score each [N].

    "mean"; "max"; "top_k": mean of the largest `share` of pixels, at least one; "boundary": mean over pixels
    where the predicted `labels` [N, *spatial] change, 0 where they never do (the model sees one class only).
    A plain mean drowns small structures in background. Raises ValueError when labels lack or do not fit.
    """
    maps = np.asarray(values, dtype=np.float64)
    flat = maps.reshape(len(maps), -1)
    if how == "mean":
        return flat.mean(axis=1)
    if how == "max":
        return flat.max(axis=1)
    if how == "top_k":
        k = max(1, round(share * flat.shape[1]))
        return np.partition(flat, -k, axis=1)[:, -k:].mean(axis=1)
    if labels is None or np.shape(labels) != maps.shape:
        raise ValueError("the boundary needs labels of the same shape as the values")
    edge = label_boundary(np.asarray(labels)).reshape(flat.shape)
    return (flat * edge).sum(axis=1) / np.maximum(edge.sum(axis=1), 1)


def label_boundary(labels: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Pixels of [N, *spatial] label maps with a neighbour of another label along a spatial axis, bool."""
    edge = np.zeros(labels.shape, dtype=bool)
    for axis in range(1, labels.ndim):
        ahead = tuple(slice(1, None) if a == axis else slice(None) for a in range(labels.ndim))
        behind = tuple(slice(None, -1) if a == axis else slice(None) for a in range(labels.ndim))
        differs = labels[ahead] != labels[behind]
        edge[ahead] |= differs
        edge[behind] |= differs
    return edge


def reduce_class_entropy(
    probabilities: ArrayLike, how: Reduction = "mean", *, share: float = 0.02
) -> NDArray[np.float64]:
    """Per-pixel p_c · H of N images reduced to [N, classes], each class by itself.

    probabilities: mean softmax maps [N, classes, *spatial]; how: as in `reduce_map`, the boundary being that
    of the most probable class.
    """
    p = np.asarray(probabilities, dtype=np.float64)
    unsure = entr(p).sum(axis=1)
    labels = p.argmax(axis=1)
    columns = [reduce_map(p[:, c] * unsure, how, share=share, labels=labels) for c in range(p.shape[1])]
    return np.stack(columns, axis=1)


def _checked(probabilities: ArrayLike) -> NDArray[np.float64]:
    p = np.asarray(probabilities, dtype=np.float64)
    if p.ndim != 3 or not p.shape[1] or not p.shape[2]:
        raise ValueError(f"probabilities must be [N, passes, classes], not {p.shape}")
    if p.size and not (p.min() >= 0 and np.allclose(p.sum(axis=2), 1, atol=1e-2)):
        raise ValueError("probabilities must be 0 or more and sum to 1 over classes")
    return p
