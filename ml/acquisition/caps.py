"""Redundancy caps: a batch holds few items per patient and series, and no two neighbouring slices.

Early redundancy is one of the two ways uncertainty sampling fails (ClaSP PE, arXiv 2601.13677): the slices
next to the hardest slice are almost as hard, and almost the same image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Caps:
    """Limits within one batch; None = no limit.

    slice_gap 3: no slice within ±3 positions of a chosen one of the same series (0 = off).
    """

    per_patient: int | None = None
    per_series: int | None = None
    slice_gap: int = 3

    def __post_init__(self) -> None:
        if any(cap is not None and cap < 1 for cap in (self.per_patient, self.per_series)):
            raise ValueError("a cap must allow at least one item")
        if self.slice_gap < 0:
            raise ValueError("the slice gap counts slices, 0 or more")


class CapKeeper:
    """Which candidates the caps still allow, as choices are made.

    `open` is bool [N]: not chosen and not ruled out. `take(i)` chooses i and closes what it rules out. Items
    with an empty patient or series id belong to nobody and are not capped.
    """

    def __init__(
        self,
        count: int,
        caps: Caps | None = None,
        *,
        patients: NDArray[np.generic] | None = None,
        series: NDArray[np.generic] | None = None,
        slice_position: NDArray[np.floating] | None = None,
    ) -> None:
        self.open = np.ones(count, dtype=bool)
        self._caps = caps or Caps(slice_gap=0)
        self._limits = (
            (self._caps.per_patient, _Groups(patients) if patients is not None else None),
            (self._caps.per_series, _Groups(series) if series is not None else None),
        )
        self._positions = slice_position

    def take(self, index: int) -> None:
        """Choose candidate `index`. Raises ValueError when it is not open."""
        if not self.open[index]:
            raise ValueError(f"candidate {index} is already chosen or ruled out")
        self.open[index] = False
        for limit, groups in self._limits:
            if limit is not None and groups is not None and groups.add(index) >= limit:
                self.open[groups.members(index)] = False
        self._close_neighbours(index)

    def take_best(self, scores: NDArray[np.float64], n: int) -> NDArray[np.int64]:
        """Choose up to n open candidates, best score first; equal scores by position in the pool."""
        chosen: list[int] = []
        for index in np.argsort(-scores, kind="stable"):
            if len(chosen) == n:
                break
            if self.open[index]:
                self.take(int(index))
                chosen.append(int(index))
        return np.asarray(chosen, dtype=np.int64)

    def _close_neighbours(self, index: int) -> None:
        series = self._limits[1][1]
        if not self._caps.slice_gap or self._positions is None or series is None:
            return
        members = series.members(index)
        near = np.abs(self._positions[members] - self._positions[index]) <= self._caps.slice_gap
        self.open[members[near]] = False


class _Groups:
    """Candidates by group id, with a count of those taken."""

    def __init__(self, ids: NDArray[np.generic]) -> None:
        names, self._codes = np.unique(np.asarray(ids).astype(str), return_inverse=True)
        self._nameless = names == ""
        self._order = np.argsort(self._codes, kind="stable")
        self._starts = np.searchsorted(self._codes[self._order], np.arange(len(names) + 1))
        self._taken = np.zeros(len(names), dtype=np.int64)

    def members(self, index: int) -> NDArray[np.int64]:
        """All candidates of the group of `index`; only itself when it has no id."""
        code = self._codes[index]
        if self._nameless[code]:
            return np.asarray([index], dtype=np.int64)
        return self._order[self._starts[code] : self._starts[code + 1]]

    def add(self, index: int) -> int:
        """Count `index` as taken; how many of its group now are (0 when it has no id)."""
        code = self._codes[index]
        if self._nameless[code]:
            return 0
        self._taken[code] += 1
        return int(self._taken[code])


def fair_cap(n: int, ids: NDArray[np.generic], *, slack: float = 2.0) -> int | None:
    """A cap per group that spreads a batch of n: `slack` times the even share, more where groups are small.

    ids [N], "" = unknown. None (no cap) when there is only one group.
    """
    names, sizes = np.unique(np.asarray(ids).astype(str), return_counts=True)
    sizes = np.where(names == "", 1, sizes)
    if len(names) < 2:
        return None
    cap = max(1, int(np.ceil(slack * n / len(names))))
    while np.minimum(sizes, cap).sum() < n and cap < sizes.max():
        cap *= 2
    return cap
