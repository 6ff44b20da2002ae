"""What a strategy is given and what it answers: Pool, Options, Selection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.acquisition import uncertainty
from ml.acquisition.caps import CapKeeper, Caps, fair_cap
from ml.acquisition.noise import NOISES, Noise


@dataclass(frozen=True)
class Pool:
    """N candidates; whatever is unknown is None, and strategies that need it fall back.

    ids [N]; probabilities [N, passes, classes], each row summing to 1 (of independent labels give entropy and
    class_entropy instead); entropy [N] and class_entropy [N, classes] (p_c · H), nats, reduced per item, NaN
    where an item is not scored yet; embeddings [N, D]; labelled_embeddings [M, D]; patients [N] and series
    [N]: ids, "" = unknown; slice_position [N]: index of the slice in its series; cost_seconds [N]: expected
    time to label; foreground [N]: the model's share of foreground, 0..1; labelled_series [L] and
    labelled_slice_position [L]: slices labelled before. Raises ValueError when lengths differ.
    """

    ids: NDArray[Any]
    probabilities: NDArray[np.floating] | None = None
    entropy: NDArray[np.floating] | None = None
    class_entropy: NDArray[np.floating] | None = None
    embeddings: NDArray[np.floating] | None = None
    labelled_embeddings: NDArray[np.floating] | None = None
    patients: NDArray[Any] | None = None
    series: NDArray[Any] | None = None
    slice_position: NDArray[Any] | None = None
    cost_seconds: NDArray[np.floating] | None = None
    foreground: NDArray[np.floating] | None = None
    labelled_series: NDArray[Any] | None = None
    labelled_slice_position: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        for column in fields(self):
            values = getattr(self, column.name)
            if values is not None and not column.name.startswith("labelled_") and len(values) != len(self):
                raise ValueError(f"{column.name} has {len(values)} entries for {len(self)} candidates")

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def has(self) -> frozenset[str]:
        """Names of what is known, among those that strategies may need; "passes" means more than one."""
        names = {column.name for column in fields(self) if getattr(self, column.name) is not None}
        for name in ("probabilities", "embeddings"):
            if name in names and not np.isfinite(getattr(self, name)).all():
                names.remove(name)
        if self.probabilities is not None and "probabilities" in names:
            names |= {"entropy", "class_entropy"}
            if self.probabilities.shape[1] > 1:
                names.add("passes")
        if self.entropy is not None and np.isnan(self.entropy).all():
            names -= {"entropy", "class_entropy"}
        return frozenset(names)

    def unsure(self) -> NDArray[np.float64]:
        """Entropy [N], from the probabilities where not given; 0 for what is not scored yet."""
        if self.entropy is None:
            return uncertainty.entropy(known(self.probabilities))
        return np.nan_to_num(np.asarray(self.entropy, dtype=np.float64))

    def unsure_by_class(self) -> NDArray[np.float64]:
        """p_c · H [N, classes], from the probabilities where not given; 0 for what is not scored yet."""
        if self.class_entropy is None:
            return uncertainty.class_entropy(known(self.probabilities))
        return np.nan_to_num(np.asarray(self.class_entropy, dtype=np.float64))

    def class_weights(self) -> NDArray[np.float64] | None:
        """How much each class is in play [N, classes]: mean probabilities, else p_c · H; None if unknown."""
        if "probabilities" in self.has:
            return uncertainty.mean_probabilities(known(self.probabilities))
        return self.unsure_by_class() if self.class_entropy is not None else None


@dataclass(frozen=True)
class Options:
    """Settings of a selection; one set of defaults for every kind of task.

    random_share: share of a batch drawn at random, for an honest running estimate of quality.
    per_patient, per_series: items per batch (None = twice the even share, 0 = no cap).
    slice_gap: no slice within ± this of a chosen one of its series.
    round, rounds: where on ClaSP's noise schedule this batch is, from 0; beta_first, beta_max: its ends.
    noise, beta: stochastic batches for the plain scores.
    cost_power: 0 ignores cost_seconds, 1 ranks by score per second.
    foreground_share: of foreground_random.
    background: index of the class that is nothing (0 in segmentation); it gets no share of its own.
    class_names: by class index, for reasons.
    class_groups: by class index, the number of its question: classes of one number exclude one another, and a
        class alone is a yes or no; empty = all belong to one question.
    """

    random_share: float = 0.1
    per_patient: int | None = None
    per_series: int | None = None
    slice_gap: int = 3
    round: int = 0
    rounds: int = 10
    beta_first: float = 1.0
    beta_max: float = 100.0
    noise: Noise = "none"
    beta: float = 1.0
    cost_power: float = 0.0
    foreground_share: float = 0.66
    background: int | None = None
    class_names: tuple[str, ...] = ()
    class_groups: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.random_share <= 1 or not 0 <= self.foreground_share <= 1:
            raise ValueError("shares lie in 0..1")
        if self.noise not in NOISES:
            raise ValueError(f"noise is one of {', '.join(NOISES)}")
        if self.beta <= 0 or self.beta_first <= 0 or self.beta_max <= 0 or self.cost_power < 0:
            raise ValueError("beta must be positive and cost_power 0 or more")
        object.__setattr__(self, "class_names", tuple(self.class_names))
        object.__setattr__(self, "class_groups", tuple(self.class_groups))

    @classmethod
    def of(cls, options: Options | Mapping[str, Any] | None) -> Options:
        """Options from a mapping such as decoded JSON; ValueError for an unknown name or a bad value."""
        if isinstance(options, Options):
            return options
        unknown = set(options or {}) - {option.name for option in fields(cls)}
        if unknown:
            raise ValueError(f"unknown options: {', '.join(sorted(unknown))}")
        return cls(**dict(options or {}))


@dataclass(frozen=True)
class Selection:
    """What to label next.

    order [K]: pool indices, best first, K <= n; score [N]: larger = sooner, comparable within this pool only;
    reasons: one line per selected item in plain words; random [K] bool: drawn for the honest random share;
    note: why it is not what was asked for (fallback, short batch), "" otherwise.
    """

    order: NDArray[np.int64]
    score: NDArray[np.float64]
    reasons: list[str]
    random: NDArray[np.bool_]
    note: str = ""


@dataclass(frozen=True)
class Picks:
    """What a strategy's own rule chose: order [K], score [N], reasons [K], whether by blind chance."""

    order: NDArray[np.int64]
    score: NDArray[np.float64]
    reasons: list[str] = field(default_factory=list)
    random: bool = False


def keeper_for(pool: Pool, n: int, options: Options) -> CapKeeper:
    """The caps for a batch of n from a pool."""
    caps = Caps(
        _cap(options.per_patient, n, pool.patients),
        _cap(options.per_series, n, pool.series),
        options.slice_gap,
    )
    position = None if pool.slice_position is None else np.asarray(pool.slice_position, dtype=np.float64)
    return CapKeeper(len(pool), caps, patients=pool.patients, series=pool.series, slice_position=position)


def close_beside_labelled(keeper: CapKeeper, pool: Pool, n: int, options: Options) -> None:
    """Close the slices beside labelled ones, while at least n others remain open."""
    far = keeper.open & ~_beside_labelled(pool, options.slice_gap)
    if far.sum() >= n:
        keeper.open = far


def _cap(wanted: int | None, n: int, ids: NDArray[Any] | None) -> int | None:
    if wanted is None:
        return fair_cap(n, ids) if ids is not None else None
    return wanted or None


def _beside_labelled(pool: Pool, gap: int) -> NDArray[np.bool_]:
    """Candidates within ± gap of a labelled slice of their series, bool [N]."""
    beside = np.zeros(len(pool), dtype=bool)
    if not gap or pool.series is None or pool.slice_position is None:
        return beside
    if pool.labelled_series is None or pool.labelled_slice_position is None:
        return beside
    done: dict[str, set[float]] = {}
    for name, position in zip(pool.labelled_series, pool.labelled_slice_position, strict=True):
        done.setdefault(str(name), set()).add(float(position))
    for index, (name, position) in enumerate(zip(pool.series, pool.slice_position, strict=True)):
        near = done.get(str(name), set())
        beside[index] = any(abs(float(position) - other) <= gap for other in near)
    return beside


def known(values: NDArray[np.floating] | None) -> NDArray[np.floating]:
    """A column that a strategy cannot do without; ValueError when the pool does not hold it."""
    if values is None:
        raise ValueError("the pool does not hold what this strategy needs")
    return values
