"""A metric by subgroup (site, scanner, sex, age band, image type): a good mean can hide a group it fails."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ml.metrics.bootstrap import Interval, Metric, bootstrap_interval

UNKNOWN = "unknown"
MIN_PATIENTS = 10


@dataclass(frozen=True)
class Subgroup:
    """A group's metric and sizes; `interval` is None with too few patients to say (10, unless asked)."""

    name: str
    items: int
    patients: int
    estimate: float
    interval: Interval | None


def metric_by_subgroup(
    metric: Metric,
    groups: Sequence[str],
    patients: Sequence[object] | NDArray[np.generic],
    *,
    rng: np.random.Generator,
    resamples: int = 1000,
    min_patients: int = MIN_PATIENTS,
) -> list[Subgroup]:
    """The metric of each group with its interval by patient, groups by name.

    metric: takes item indices [n], returns a float, NaN where undefined; groups [N], "" = unknown; patients
    [N]. Raises ValueError for different lengths.
    """
    names = np.asarray([group or UNKNOWN for group in groups])
    people = np.unique(np.asarray(patients), return_inverse=True)[1]
    if names.shape != people.shape:
        raise ValueError(f"groups {names.shape} and patients {people.shape} must be of the same items")
    found = []
    for name in np.unique(names):
        items = np.nonzero(names == name)[0]
        count = len(np.unique(people[items]))
        interval = None
        if count >= min_patients:
            interval = bootstrap_interval(_within(metric, items), people[items], rng=rng, resamples=resamples)
        found.append(Subgroup(str(name), len(items), count, float(metric(items)), interval))
    return found


def bands(values: ArrayLike, edges: Sequence[float], *, unit: str = "") -> list[str]:
    """Names of the bands that numbers [N] fall in, such as ages by edges (40, 60): "< 40", "40–60", "≥ 60".

    A value on an edge belongs to the band above it; NaN to "unknown". Raises ValueError unless edges rise.
    """
    if not edges or any(low >= high for low, high in itertools.pairwise(edges)):
        raise ValueError("edges must rise")
    tail = f" {unit}" if unit else ""
    names = [f"< {edges[0]:g}{tail}"]
    names += [f"{low:g}–{high:g}{tail}" for low, high in itertools.pairwise(edges)]
    names.append(f"≥ {edges[-1]:g}{tail}")
    numbers = np.asarray(values, dtype=np.float64)
    where = np.searchsorted(np.asarray(edges), numbers, side="right")
    return [UNKNOWN if np.isnan(n) else names[i] for n, i in zip(numbers, where, strict=True)]


def _within(metric: Metric, items: NDArray[np.int64]) -> Metric:
    return lambda drawn: metric(items[drawn])
