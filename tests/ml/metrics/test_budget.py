import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.metrics.budget import aubc, holm, label_ratio, labels_to_reach, penalty_matrix

BUDGETS = [20, 40, 80, 160]


def rng():
    return np.random.default_rng(0)


def test_aubc_is_the_mean_score_over_the_budgets():
    assert aubc(BUDGETS, [0.7] * 4) == pytest.approx(0.7)
    np.testing.assert_allclose(aubc([10, 20, 40], [[0, 1, 1], [0, 0, 1]]), [25 / 30, 10 / 30])


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4), st.floats(0, 1))
def test_labels_to_reach_matches_walking_label_by_label(curve, target):
    rising = np.maximum.accumulate(curve)
    steps = np.arange(20, 161)
    reached = steps[np.interp(steps, BUDGETS, rising) >= target - 1e-12]
    needed = labels_to_reach(BUDGETS, curve, target)
    if not reached.size:
        assert needed == np.inf
    elif np.isfinite(needed):
        assert reached[0] - 1 <= needed <= reached[0] + 1e-6


def test_a_strategy_twice_as_quick_saves_half_the_labels():
    def curve(labels):
        return 0.5 + 0.4 * (1 - np.exp(-np.asarray(labels) / 60))

    noise = rng().normal(size=(10, 8)) * 0.002
    budgets = np.arange(20, 180, 20)
    found = label_ratio(
        budgets, curve(2 * budgets) + noise, curve(budgets) + noise, full=0.9, tau=0.8, chance=0.5, rng=rng()
    )
    assert found.ratio == pytest.approx(2, rel=0.05)
    assert found.low <= found.ratio <= found.high
    assert found.bound == ""


def test_a_target_only_one_of_them_reaches_makes_a_bound():
    quick, slow = np.tile([0.5, 0.8, 0.9, 0.95], (3, 1)), np.tile([0.5, 0.6, 0.7, 0.8], (3, 1))
    ahead = label_ratio(BUDGETS, quick, slow, full=1.0, tau=0.9, rng=rng())
    assert (ahead.bound, ahead.ratio) == ("at least", 2.0)
    behind = label_ratio(BUDGETS, slow, quick, full=1.0, tau=0.9, rng=rng())
    assert (behind.bound, behind.ratio) == ("at most", 0.5)
    neither = label_ratio(BUDGETS, slow, slow, full=1.0, tau=0.9, rng=rng())
    assert neither.bound == "unknown"
    assert np.isnan(neither.ratio)


def test_the_same_strategy_saves_nothing():
    curves = np.sort(rng().random((6, 4)), axis=1)
    same = label_ratio(BUDGETS, curves, curves, full=curves.max(), tau=0.5, rng=rng())
    assert same.ratio == same.low == same.high == 1


def test_the_penalty_matrix_says_who_beats_whom_how_often():
    noise = rng().normal(size=(3, 12, 4)) * 0.01
    base = np.array([0.6, 0.7, 0.8, 0.85])
    better = base + np.array([0, 0, 0.1, 0.1])
    names, matrix = penalty_matrix({"a": base + noise[0], "b": better + noise[1], "c": base + noise[2]})
    assert names == ["a", "b", "c"]
    np.testing.assert_allclose(matrix, [[0, 0, 0], [0.5, 0, 0.5], [0, 0, 0]])


def test_identical_curves_never_beat_each_other_and_a_constant_lead_always_does():
    base = rng().random((4, 3))
    assert penalty_matrix({"a": base, "b": base})[1].sum() == 0
    np.testing.assert_allclose(
        penalty_matrix({"a": np.ones((4, 3)), "b": np.zeros((4, 3))})[1], [[0, 1], [0, 0]]
    )


def test_chance_alone_rarely_wins_after_holm():
    wins = [
        penalty_matrix(dict(zip("abcd", np.random.default_rng(seed).normal(size=(4, 8, 5)), strict=True)))[
            1
        ].any()
        for seed in range(100)
    ]
    assert np.mean(wins) <= 0.1


def test_holm_of_a_worked_example():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.9, 0.8]), [1, 1])


def test_bad_curves_are_refused():
    with pytest.raises(ValueError, match="rising"):
        aubc([20, 10], [0, 1])
    with pytest.raises(ValueError, match="budgets"):
        aubc([10, 20], [0, 1, 2])
    with pytest.raises(ValueError, match="same seeds"):
        label_ratio(BUDGETS, np.zeros((2, 4)), np.zeros((3, 4)), full=1, tau=0.9, rng=rng())
    with pytest.raises(ValueError, match="two seeds"):
        penalty_matrix({"a": np.zeros((1, 3)), "b": np.zeros((1, 3))})
