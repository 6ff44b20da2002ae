from functools import partial

import numpy as np
import pytest

from ml.acquisition import coverage
from ml.acquisition.caps import CapKeeper, Caps
from ml.acquisition.coverage import max_herding, prob_cover, pure_radius
from ml.acquisition.distances import unit_rows


def rng(seed=0):
    return np.random.default_rng(seed)


def fans(directions=4, each=30, spread=0.05):
    """Rows in a few narrow fans of directions, so that length 1 keeps them apart."""
    middles = np.eye(directions)
    return (middles[:, None] + rng(1).normal(size=(directions, each, directions)) * spread).reshape(
        -1, directions
    )


def test_prob_cover_is_the_greedy_maximum_cover():
    rows = rng(2).normal(size=(60, 3))
    order, _ = prob_cover(rows, None, 6, keeper=CapKeeper(60), rng=rng(), radius=0.6)
    unit = unit_rows(rows)
    inside = np.linalg.norm(unit[:, None] - unit, axis=2) <= 0.6
    covered = np.zeros(60, dtype=bool)
    for index in order:
        gains = (inside & ~covered).sum(axis=1)
        assert gains[index] == gains.max()
        covered |= inside[index]


def test_max_herding_is_greedy_in_mean_likeness():
    rows = rng(3).normal(size=(50, 3))
    order, score = max_herding(rows, None, 5, keeper=CapKeeper(50), rng=rng())
    unit = unit_rows(rows)
    squared = ((unit[:, None] - unit) ** 2).sum(axis=2)
    likeness = np.exp(-squared / np.median(squared[squared > 0]))
    np.testing.assert_allclose(score, likeness.mean(axis=1), atol=1e-4)
    best = np.zeros(50)
    for index in order:
        gains = np.maximum(likeness - best, 0).sum(axis=1)
        assert gains[index] == pytest.approx(gains.max(), rel=1e-4)
        best = np.maximum(best, likeness[index])


@pytest.mark.parametrize("method", [partial(prob_cover, radius=0.5), max_herding])
def test_each_fan_gets_one_and_labelled_fans_none(method):
    rows = fans()
    order, _ = method(rows, None, 4, keeper=CapKeeper(120), rng=rng())
    assert sorted(order // 30) == [0, 1, 2, 3]
    order, _ = method(rows, rows[:1], 3, keeper=CapKeeper(120), rng=rng())
    assert sorted(order // 30) == [1, 2, 3]


@pytest.mark.parametrize("method", [prob_cover, max_herding])
def test_samples_and_caps_still_fill_the_batch(method, monkeypatch):
    monkeypatch.setattr(coverage, "CANDIDATES", 8)
    monkeypatch.setattr(coverage, "REFERENCES", 16)
    keeper = CapKeeper(120, Caps(per_patient=2), patients=np.arange(120) // 10)
    order, score = method(fans(), None, 20, keeper=keeper, rng=rng())
    assert len(order) == len(set(order)) == 20
    assert np.bincount(order // 10).max() <= 2
    assert score.shape == (120,)


def test_the_estimated_radius_separates_the_fans():
    rows = unit_rows(fans())
    radius = pure_radius(rows, rng=rng(), clusters=4)
    assert 0.05 < radius < np.sqrt(2)
    gaps = np.linalg.norm(rows[:, None] - rows, axis=2)
    other = np.arange(120)[:, None] // 30 != np.arange(120) // 30
    assert ((gaps <= radius) & other).any(axis=1).mean() <= 0.06


def test_rows_that_are_all_alike_do_no_harm():
    order, _ = max_herding(np.ones((5, 2)), None, 3, keeper=CapKeeper(5), rng=rng())
    assert len(set(order)) == 3
    assert pure_radius(np.ones((5, 2), np.float32), rng=rng(), clusters=1) == 0
