import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.metrics.calibration import (
    apply_temperature,
    brier_score,
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
    reliability_bins,
)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_reliability_bins_match_sorting_items_one_by_one(items):
    confidence, correct = map(np.asarray, zip(*items, strict=True))
    bins = reliability_bins(confidence, correct, bins=5)
    assert bins.count.sum() == len(items)
    for i in range(5):
        inside = (confidence > bins.edges[i]) & (confidence <= bins.edges[i + 1])
        inside |= (i == 0) & (confidence == 0)
        assert bins.count[i] == inside.sum()
        if inside.any():
            assert bins.confidence[i] == pytest.approx(confidence[inside].mean())
            assert bins.accuracy[i] == pytest.approx(correct[inside].mean())


def test_a_confidence_on_an_edge_belongs_to_the_bin_below():
    np.testing.assert_array_equal(reliability_bins([0.0, 0.25, 1.0], [1, 1, 1], bins=4).count, [2, 0, 0, 1])


def test_ece_is_the_gap_between_confidence_and_accuracy():
    probabilities = np.array([[0.8, 0.2]] * 10)
    assert expected_calibration_error(probabilities, [0] * 8 + [1] * 2) == pytest.approx(0)
    assert expected_calibration_error(probabilities, [0] * 5 + [1] * 5) == pytest.approx(0.3)


def test_brier_score_of_sure_right_and_sure_wrong():
    assert brier_score([[1, 0], [0, 1]], [0, 1]) == 0
    assert brier_score([[1, 0]], [1]) == 2
    assert brier_score([[0.7, 0.3]], [0]) == pytest.approx(2 * 0.3**2)


@pytest.mark.parametrize("true_temperature", [0.5, 1.0, 3.0])
def test_temperature_scaling_recovers_the_temperature_that_made_the_data(true_temperature):
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(20_000, 3)) * 2
    truth = (logits / true_temperature + rng.gumbel(size=logits.shape)).argmax(axis=1)
    assert fit_temperature(logits, truth) == pytest.approx(true_temperature, rel=0.05)


def test_scaling_lowers_the_loss_and_keeps_the_calls():
    rng = np.random.default_rng(2)
    logits = rng.normal(size=(500, 4)) * 8
    truth = (logits / 4 + rng.gumbel(size=logits.shape)).argmax(axis=1)
    temperature = fit_temperature(logits, truth)
    cooled = apply_temperature(logits, temperature)
    assert negative_log_likelihood(logits, truth, temperature=temperature) < negative_log_likelihood(
        logits, truth
    )
    assert expected_calibration_error(cooled, truth) < expected_calibration_error(
        apply_temperature(logits, 1), truth
    )
    np.testing.assert_array_equal(cooled.argmax(axis=1), logits.argmax(axis=1))


def test_one_logit_is_a_yes_or_no_finding():
    np.testing.assert_allclose(apply_temperature([0.0, 2.0], 2)[:, 1], 1 / (1 + np.exp([0.0, -1.0])))
    rng = np.random.default_rng(3)
    logits = rng.normal(size=5000) * 4
    truth = rng.random(5000) < 1 / (1 + np.exp(-logits / 2))
    assert fit_temperature(logits, truth) == pytest.approx(2, rel=0.1)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="must lie in"):
        reliability_bins([1.5], [True])
    with pytest.raises(ValueError, match="do not fit"):
        fit_temperature(np.empty((0, 2)), [])
    with pytest.raises(ValueError, match="outside"):
        brier_score([[0.5, 0.5]], [2])
