"""How far readers agree beyond chance: kappa (Cohen, weighted, Fleiss), Krippendorff's alpha, ICC.

All functions return 1.0 for perfect agreement and NaN where chance alone explains everything (all ratings
the same), because agreement beyond chance is then undefined.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Weights = Literal["none", "linear", "quadratic"]
Level = Literal["nominal", "ordinal", "interval", "ratio"]
IccForm = Literal["1,1", "2,1", "3,1", "1,k", "2,k", "3,k"]


def cohen_kappa(first: ArrayLike, second: ArrayLike, n_classes: int, *, weights: Weights = "none") -> float:
    """Cohen's kappa of two raters (1960), weighted for ordered classes (Cohen 1968).

    first, second: class indices [N]. "quadratic" is the usual choice for ordinal answers. Raises ValueError
    for different lengths or a class outside 0..n_classes-1.
    """
    observed = _joint(first, second, n_classes)
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0))
    distance = np.abs(np.subtract.outer(np.arange(n_classes), np.arange(n_classes))).astype(np.float64)
    penalty = {"none": (distance > 0).astype(np.float64), "linear": distance, "quadratic": distance**2}[
        weights
    ]
    by_chance = float((penalty * expected).sum())
    return 1.0 - float((penalty * observed).sum()) / by_chance if by_chance > 0 else float("nan")


def fleiss_kappa(counts: ArrayLike) -> float:
    """Fleiss' kappa (1971) for the same number of raters per item.

    counts: [items, classes], how many raters put the item in each class. Raises ValueError when the raters
    per item differ or are fewer than two.
    """
    table = np.asarray(counts, dtype=np.float64)
    raters = table.sum(axis=1)
    if table.ndim != 2 or not table.size or np.any(raters != raters[0]) or raters[0] < 2:
        raise ValueError("every item needs the same number of ratings, two or more")
    n = raters[0]
    observed = float(((table**2).sum(axis=1) - n).mean() / (n * (n - 1)))
    expected = float(((table.sum(axis=0) / table.sum()) ** 2).sum())
    return (observed - expected) / (1 - expected) if expected < 1 else float("nan")


def krippendorff_alpha(ratings: ArrayLike, *, level: Level = "nominal") -> float:
    """Krippendorff's alpha (Computing Krippendorff's Alpha-Reliability, 2011), any raters, gaps allowed.

    ratings: [raters, items] of numbers, NaN where a rater did not rate. Items with fewer than two ratings
    tell nothing and are left out. NaN when no pair can be formed or all values are equal.
    """
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError("ratings must be [raters, items]")
    values, codes = np.unique(table[~np.isnan(table)], return_inverse=True)
    items = np.nonzero(~np.isnan(table))[1]
    counts = np.zeros((table.shape[1], len(values)))
    np.add.at(counts, (items, codes), 1)
    counts = counts[counts.sum(axis=1) >= 2]
    if not counts.size:
        return float("nan")
    pairable = counts.sum(axis=1)
    scaled = counts / (pairable - 1)[:, None]
    coincidences = counts.T @ scaled - np.diag(scaled.sum(axis=0))
    totals = coincidences.sum(axis=1)
    distance = _squared_difference(values, totals, level)
    expected = float((np.outer(totals, totals) * distance).sum()) / (totals.sum() - 1)
    return 1.0 - float((coincidences * distance).sum()) / expected if expected > 0 else float("nan")


def icc(ratings: ArrayLike, *, form: IccForm = "2,1") -> float:
    """Intraclass correlation after Shrout and Fleiss (Psychological Bulletin 1979).

    ratings: [items, raters] without gaps. form: model 1 (raters differ per item), 2 (random raters, absolute
    agreement) or 3 (these raters, consistency); "1" a single rater, "k" the mean of all. Raises ValueError
    for fewer than two items or raters, or gaps.
    """
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2 or min(table.shape) < 2 or np.isnan(table).any():
        raise ValueError("ratings must be [items, raters], at least 2 x 2, without gaps")
    n, k = table.shape
    item_means, rater_means, mean = table.mean(axis=1), table.mean(axis=0), table.mean()
    between_items = k * ((item_means - mean) ** 2).sum() / (n - 1)
    within_items = ((table - item_means[:, None]) ** 2).sum() / (n * (k - 1))
    between_raters = n * ((rater_means - mean) ** 2).sum() / (k - 1)
    residual = ((table - item_means[:, None] - rater_means + mean) ** 2).sum() / ((n - 1) * (k - 1))
    model, unit = form.split(",")
    error = within_items if model == "1" else residual
    size = 1 if unit == "k" else k
    denominator = between_items + (size - 1) * error
    if model == "2":
        denominator += size * (between_raters - residual) / n
    return float((between_items - error) / denominator) if denominator > 0 else float("nan")


def _joint(first: ArrayLike, second: ArrayLike, n_classes: int) -> NDArray[np.float64]:
    """Share of items per pair of classes, [classes of the first, classes of the second]."""
    a, b = np.asarray(first), np.asarray(second)
    if a.shape != b.shape or a.ndim != 1 or not a.size:
        raise ValueError("two raters must rate the same items")
    if min(a.min(), b.min()) < 0 or max(a.max(), b.max()) >= n_classes:
        raise ValueError(f"ratings outside 0..{n_classes - 1}")
    table = np.zeros((n_classes, n_classes))
    np.add.at(table, (a.astype(np.int64), b.astype(np.int64)), 1)
    return table / a.size


def _squared_difference(
    values: NDArray[np.float64], totals: NDArray[np.float64], level: Level
) -> NDArray[np.float64]:
    """Krippendorff's metric difference between every two values, [values, values]."""
    difference = np.subtract.outer(values, values)
    if level == "nominal":
        return (difference != 0).astype(np.float64)
    if level == "interval":
        return difference**2
    if level == "ratio":
        total = np.add.outer(values, values)
        return np.divide(difference, total, out=np.zeros_like(difference), where=total != 0) ** 2
    middle = np.cumsum(totals) - totals / 2
    return np.subtract.outer(middle, middle) ** 2
