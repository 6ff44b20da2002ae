"""How far two outlines lie apart, in millimetres: 95 % Hausdorff and average surface distance.

Masks are arrays [row, column] or [slice, row, column]; spacing is given per axis in the same order, in mm.
The surface of a mask is its pixels with a neighbour outside along an axis (beyond the image counts as
outside); distances run between pixel centres. Both masks empty: nothing to measure, NaN. One empty: infinity,
so that a missed structure can never look good; report the share of misses beside the mean of the finite
values.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from ml.metrics.overlap import IGNORE

Mask = NDArray[np.bool_]


def hausdorff(
    first: ArrayLike, second: ArrayLike, spacing: Sequence[float], *, percentile: float = 95
) -> float:
    """The larger of the two directed percentiles of surface distance, mm (Huttenlocher 1993; 95 % as in MSD).

    first, second: masks of one shape. percentile 100 is the classical Hausdorff distance.
    """
    there, back = surface_distances(first, second, spacing)
    if not there.size or not back.size:
        return _undefined(there, back)
    return float(max(np.percentile(there, percentile), np.percentile(back, percentile)))


def average_surface_distance(first: ArrayLike, second: ArrayLike, spacing: Sequence[float]) -> float:
    """Mean distance over both surfaces' pixels to the other surface, mm (symmetric ASSD; Heimann 2009)."""
    there, back = surface_distances(first, second, spacing)
    if not there.size or not back.size:
        return _undefined(there, back)
    return float(np.concatenate([there, back]).mean())


def surface_dice(first: ArrayLike, second: ArrayLike, spacing: Sequence[float], *, tolerance: float) -> float:
    """Share of both surfaces within `tolerance` mm of the other (normalised surface Dice, Nikolov 2021)."""
    there, back = surface_distances(first, second, spacing)
    if not there.size and not back.size:
        return float("nan")
    near = (there <= tolerance).sum() + (back <= tolerance).sum()
    return float(near / (there.size + back.size))


def surface_distances(
    first: ArrayLike, second: ArrayLike, spacing: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance in mm from each surface pixel of one mask to the nearest of the other, in both directions.

    Each is [surface pixels], infinite where the other mask is empty. Raises ValueError for different shapes,
    or a spacing that is not one positive number per axis.
    """
    a, b = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if a.shape != b.shape:
        raise ValueError(f"masks {a.shape} and {b.shape} differ in shape")
    if len(spacing) != a.ndim or min(spacing) <= 0:
        raise ValueError(f"spacing must be {a.ndim} positive numbers of mm")
    box = _bounding_box(a | b)
    a, b = mask_surface(a[box]), mask_surface(b[box])
    return _distances_at(a, b, spacing), _distances_at(b, a, spacing)


def mask_surface(mask: Mask) -> Mask:
    """Pixels of a bool mask that touch the outside along an axis."""
    return mask & ~ndimage.binary_erosion(mask)


def surfaces_per_class(
    prediction: ArrayLike,
    truth: ArrayLike,
    n_classes: int,
    spacing: Sequence[float],
    *,
    ignore: int = IGNORE,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95 % Hausdorff and average surface distance of each class, both [classes] in mm; background (0) is NaN.

    prediction, truth: label maps of one shape; where the truth is `ignore`, both count as background.
    """
    true = np.asarray(truth)
    predicted = np.where(true == ignore, 0, prediction)
    far, mean = np.full(n_classes, np.nan), np.full(n_classes, np.nan)
    for label in range(1, n_classes):
        far[label] = hausdorff(predicted == label, true == label, spacing)
        mean[label] = average_surface_distance(predicted == label, true == label, spacing)
    return far, mean


def _distances_at(surface: Mask, other: Mask, spacing: Sequence[float]) -> NDArray[np.float64]:
    if not other.any():
        return np.full(int(surface.sum()), np.inf)
    return ndimage.distance_transform_edt(~other, sampling=spacing)[surface]


def _bounding_box(mask: Mask) -> tuple[slice, ...]:
    """The smallest box holding the mask: outside it no distance needs computing, so it is cut away first."""
    if not mask.any():
        return tuple(slice(0, 0) for _ in range(mask.ndim))
    used = (np.nonzero(mask.any(axis=tuple(set(range(mask.ndim)) - {axis})))[0] for axis in range(mask.ndim))
    return tuple(slice(int(where[0]), int(where[-1]) + 1) for where in used)


def _undefined(there: NDArray[np.float64], back: NDArray[np.float64]) -> float:
    return float("inf") if there.size or back.size else float("nan")
