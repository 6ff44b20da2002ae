import numpy as np
import pytest

from ml.acquisition.cost import cost_aware, estimate_seconds


def test_scores_become_scores_per_second():
    np.testing.assert_allclose(cost_aware([1.0, 1.0, 2.0], [10, 20, 40]), [2.0, 1.0, 1.0])
    np.testing.assert_allclose(cost_aware([1.0, 1.0], [10, 20], power=0), [1, 1])


def test_unknown_seconds_neither_gain_nor_lose():
    scores = cost_aware([1.0, 1.0, 1.0, 1.0], [10, 30, np.nan, 0])
    assert scores[2] == scores[3] == 1.0
    assert scores[1] < 1 < scores[0]
    np.testing.assert_array_equal(cost_aware([0.3, 0.4], [np.nan, np.nan]), [0.3, 0.4])


def test_the_input_is_not_changed():
    seconds = np.array([np.nan, 5.0])
    cost_aware([1.0, 1.0], seconds)
    assert np.isnan(seconds[0])


def test_seconds_follow_the_size_despite_coffee_breaks():
    rng = np.random.default_rng(0)
    size = rng.random(200) * 0.3
    seconds = 20 * (0.001 + size) ** 0.5 * np.exp(rng.normal(size=200) * 0.1)
    seconds[::15] = 3000
    expected = estimate_seconds(seconds, size, [0.01, 0.2])
    np.testing.assert_allclose(expected, 20 * np.sqrt([0.011, 0.201]), rtol=0.25)


def test_a_few_measures_give_their_median_and_none_gives_nothing():
    np.testing.assert_array_equal(estimate_seconds([5, 7, 100], [0.1, 0.2, 0.3], [0, 1]), [7, 7])
    assert np.isnan(estimate_seconds([], [], [0.1, 0.2])).all()


def test_estimates_stay_within_what_was_measured():
    size = np.linspace(0.01, 0.1, 50)
    expected = estimate_seconds(100 * size, size, [1000.0])
    assert expected[0] <= 10


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="shape"):
        cost_aware([1.0], [1, 2])
    with pytest.raises(ValueError, match="0 or more"):
        cost_aware([-1.0], [1])
