import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.acquisition.caps import CapKeeper, Caps, fair_cap

POOLS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(0, 9)), min_size=1, max_size=40)


@given(POOLS, st.integers(1, 3), st.integers(1, 3), st.integers(0, 4))
def test_the_keeper_agrees_with_checking_every_pair(items, per_patient, per_series, gap):
    patients = np.array([f"p{p}" for p, _, _ in items])
    series = np.array([f"p{p}s{s}" for p, s, _ in items])
    position = np.array([z for _, _, z in items], dtype=float)
    caps = Caps(per_patient, per_series, gap)
    keeper = CapKeeper(len(items), caps, patients=patients, series=series, slice_position=position)
    chosen: list[int] = []
    for index in range(len(items)):
        fits = (patients[chosen] == patients[index]).sum() < per_patient
        fits &= (series[chosen] == series[index]).sum() < per_series
        near = (series[chosen] == series[index]) & (abs(position[chosen] - position[index]) <= gap)
        fits &= not (gap and near.any())
        assert keeper.open[index] == fits
        if fits:
            keeper.take(index)
            chosen.append(index)
    assert not keeper.open.any()


def test_items_without_an_id_belong_to_nobody():
    keeper = CapKeeper(5, Caps(per_patient=1), patients=np.array(["", "", "a", "a", ""]))
    np.testing.assert_array_equal(keeper.take_best(np.arange(5.0)[::-1], 5), [0, 1, 2, 4])


def test_the_best_come_first_and_ties_keep_the_pools_order():
    np.testing.assert_array_equal(CapKeeper(4).take_best(np.array([0.1, 0.9, 0.9, 0.5]), 3), [1, 2, 3])


def test_nothing_is_taken_twice():
    keeper = CapKeeper(2)
    keeper.take(0)
    with pytest.raises(ValueError, match="already"):
        keeper.take(0)


def test_the_fair_cap_is_twice_the_even_share():
    assert fair_cap(20, np.repeat(np.arange(10), 30)) == 4
    assert fair_cap(3, np.repeat(np.arange(10), 30)) == 1
    assert fair_cap(20, np.array(["only"] * 30)) is None


@given(st.lists(st.integers(1, 50), min_size=2, max_size=8), st.data())
def test_the_fair_cap_never_starves_a_batch(sizes, data):
    ids = np.repeat(np.arange(len(sizes)), sizes).astype(str)
    n = data.draw(st.integers(1, len(ids)))
    keeper = CapKeeper(len(ids), Caps(per_patient=fair_cap(n, ids)), patients=ids)
    assert len(keeper.take_best(np.zeros(len(ids)), n)) == n


def test_bad_caps_are_refused():
    with pytest.raises(ValueError, match="at least one"):
        Caps(per_series=0)
    with pytest.raises(ValueError, match="gap"):
        Caps(slice_gap=-1)
