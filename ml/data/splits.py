"""Deterministic splits that keep a patient's images together and every stratum's share even."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """An item to be placed: ``group`` (patient) is never divided, ``stratum`` (class) is spread evenly."""

    id: str
    group: str = ""
    stratum: str = ""


def assign_splits(
    units: Iterable[Unit],
    *,
    test: float = 0.2,
    val: float = 0.1,
    seed: int = 0,
    fixed: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Place every unit in train, val or test.

    ``fixed`` maps ids to splits of an earlier call: these stay, and new units of the same group follow them, so
    that the held-out set is the same for every model of a project.

    Raises:
        ValueError: shares outside 0–1 or together 1 or more.
    """
    if min(test, val) < 0 or test + val >= 1:
        raise ValueError(
            "The test and validation shares must not be negative and must leave some for training."
        )
    shares = {"test": test, "val": val, "train": 1 - test - val}
    return _distribute(list(units), shares, seed, fixed or {})


def assign_folds(units: Iterable[Unit], folds: int, *, seed: int = 0) -> dict[str, int]:
    """Place every unit in one of ``folds`` equal folds (0 … folds−1), groups undivided, strata even."""
    if folds < 2:
        raise ValueError("Cross-validation needs at least two folds.")
    shares = {str(fold): 1 / folds for fold in range(folds)}
    return {key: int(fold) for key, fold in _distribute(list(units), shares, seed, {}).items()}


def _distribute(
    units: list[Unit], shares: Mapping[str, float], seed: int, fixed: Mapping[str, str]
) -> dict[str, str]:
    """Greedy: rare strata and large groups first, each to the part that lacks most of its strata."""
    groups: dict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        groups[unit.group or unit.id].append(unit)
    totals = Counter(unit.stratum for unit in units)
    placed: dict[str, Counter[str]] = {part: Counter() for part in shares}
    result: dict[str, str] = {}

    def put(members: list[Unit], part: str) -> None:
        placed[part].update(unit.stratum for unit in members)
        result.update({unit.id: part for unit in members})

    free = []
    for name, members in groups.items():
        known = Counter(fixed[unit.id] for unit in members if unit.id in fixed)
        if known:
            put(members, known.most_common(1)[0][0])
        else:
            free.append(
                (min(totals[unit.stratum] for unit in members), -len(members), _key(seed, name), name)
            )
    for _, _, _, name in sorted(free):
        members = groups[name]
        lack = {part: _lack(members, placed[part], share, totals) for part, share in shares.items() if share}
        put(members, max(lack, key=lambda part: (lack[part], _key(seed, name + part))))
    return result


def _lack(members: list[Unit], placed: Counter[str], share: float, totals: Counter[str]) -> float:
    """How much of its due a part still misses, as a share of it, for this group's strata and overall."""
    strata = Counter(unit.stratum for unit in members)
    missing = sum(n * (1 - placed[s] / (share * totals[s])) for s, n in strata.items()) / len(members)
    whole = 1 - sum(placed.values()) / (share * sum(totals.values()))
    return missing + 0.5 * whole


def _key(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()
