"""Splits keep groups whole, strata even and old assignments."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.data.splits import Unit, assign_folds, assign_splits

units_strategy = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(["a", "b", "c"])), min_size=1, max_size=60
).map(lambda rows: [Unit(str(i), f"g{group}", stratum) for i, (group, stratum) in enumerate(rows)])


@given(units_strategy, st.integers(0, 5))
@settings(max_examples=50, deadline=None)
def test_no_group_is_divided_and_every_unit_is_placed(units, seed):
    splits = assign_splits(units, test=0.2, val=0.1, seed=seed)
    assert set(splits) == {unit.id for unit in units}
    parts: dict[str, set[str]] = {}
    for unit in units:
        parts.setdefault(unit.group, set()).add(splits[unit.id])
    assert all(len(found) == 1 for found in parts.values())


@given(units_strategy, st.randoms())
@settings(max_examples=30, deadline=None)
def test_the_order_of_units_does_not_matter(units, random):
    shuffled = list(units)
    random.shuffle(shuffled)
    assert assign_splits(units, seed=1) == assign_splits(shuffled, seed=1)


def test_shares_hold_within_each_stratum():
    units = [Unit(str(i), "", "rare" if i % 10 == 0 else "common") for i in range(500)]
    splits = assign_splits(units, test=0.2, val=0.1, seed=0)
    for stratum, total in (("rare", 50), ("common", 450)):
        counts = Counter(splits[unit.id] for unit in units if unit.stratum == stratum)
        assert counts["test"] == pytest.approx(0.2 * total, abs=2)
        assert counts["val"] == pytest.approx(0.1 * total, abs=2)


def test_earlier_assignments_stay_and_new_images_follow_their_patient():
    old = [Unit(str(i), f"p{i % 20}") for i in range(40)]
    before = assign_splits(old, seed=0)
    new = [Unit(str(i), f"p{i % 30}") for i in range(40, 100)]
    after = assign_splits([*old, *new], seed=9, fixed=before)
    assert {unit.id: after[unit.id] for unit in old} == before
    by_group = {unit.group: before[unit.id] for unit in old}
    assert all(after[unit.id] == by_group[unit.group] for unit in new if unit.group in by_group)


def test_folds_are_even_and_seeds_differ():
    units = [Unit(str(i), f"p{i // 2}", str(i % 4 // 2)) for i in range(100)]
    folds = assign_folds(units, 5, seed=0)
    assert max(Counter(folds.values()).values()) - min(Counter(folds.values()).values()) <= 4
    assert folds != assign_folds(units, 5, seed=1)


def test_impossible_shares_are_refused():
    with pytest.raises(ValueError, match="leave some for training"):
        assign_splits([Unit("1")], test=0.7, val=0.3)
