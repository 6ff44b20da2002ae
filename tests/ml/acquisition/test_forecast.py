import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.acquisition.forecast import PowerLaw, advise, fit_power_law, forecast

LABELS = np.array([20, 40, 80, 120, 200, 360])


def rng(seed=0):
    return np.random.default_rng(seed)


@given(st.floats(0.7, 0.95), st.floats(0.5, 2), st.floats(0.2, 1.5))
def test_a_curve_without_noise_is_found_again(a, b, c):
    law = fit_power_law(LABELS, PowerLaw(a, b, c).at(LABELS))
    np.testing.assert_allclose(law.at(LABELS), PowerLaw(a, b, c).at(LABELS), atol=2e-3)
    assert law.at(720) == pytest.approx(PowerLaw(a, b, c).at(720), abs=0.005)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_the_curve_never_falls_and_never_passes_the_ceiling(metric):
    law = fit_power_law(LABELS[: len(metric)], metric)
    curve = law.at(np.geomspace(10, 1e6, 50))
    assert (np.diff(curve) >= -1e-12).all()
    assert curve[-1] <= 1 + 1e-9


def test_no_other_law_on_a_fine_grid_fits_better():
    metric = np.array([0.61, 0.70, 0.71, 0.78, 0.80, 0.79])
    law = fit_power_law(LABELS, metric)
    found = ((law.at(LABELS) - metric) ** 2).sum()
    for a in np.linspace(0.7, 1, 31):
        for b in np.linspace(0, 3, 61):
            for c in (0.05, 0.1, 0.3, 0.6, 1.0, 1.6):
                assert ((PowerLaw(a, b, c).at(LABELS) - metric) ** 2).sum() >= found - 1e-4


def test_points_of_small_error_weigh_more():
    metric = PowerLaw(0.9, 1, 0.5).at(LABELS)
    metric[2] += 0.2
    error = np.where(np.arange(6) == 2, 1.0, 0.005)
    law = fit_power_law(LABELS, metric, error=error)
    assert law.at(360) == pytest.approx(PowerLaw(0.9, 1, 0.5).at(360), abs=0.005)


def test_the_interval_covers_what_comes_later_about_as_often_as_it_says():
    truth, hits = PowerLaw(0.92, 1.2, 0.6), 0
    for seed in range(100):
        generator = rng(seed)
        metric = truth.at(LABELS) + generator.normal(size=6) * 0.01
        seen = forecast(LABELS, metric, [800], rng=generator, error=np.full(6, 0.01), resamples=200)
        hits += seen.low[0] <= truth.at(800) <= seen.high[0]
    assert 78 <= hits <= 100


def test_uncertainty_grows_with_distance():
    metric = PowerLaw(0.9, 1, 0.5).at(LABELS) + rng(1).normal(size=6) * 0.01
    seen = forecast(LABELS, metric, [360, 1000, 10_000], rng=rng())
    assert (np.diff(seen.high - seen.low) > 0).all()
    assert (seen.low <= seen.expected).all()
    assert (seen.expected <= seen.high).all()


def test_labels_for_a_target_invert_the_curve():
    law = PowerLaw(0.9, 1, 0.5)
    assert law.labels_for(0.85) == pytest.approx(400)
    assert law.at(law.labels_for(0.7)) == pytest.approx(0.7)
    assert law.labels_for(0.9) == np.inf
    assert PowerLaw(0.8, 0, 1).labels_for(0.7) == 1


def test_a_rising_curve_is_worth_labelling_and_a_flat_one_is_not():
    rising = advise(LABELS, PowerLaw(0.98, 2, 0.35).at(LABELS), 400, rng=rng(), name="AUROC")
    assert rising.worth is True
    assert rising.statement.startswith("More labels are worth it: 400 more labels should raise AUROC by 0.")
    flat = advise(LABELS, [0.80, 0.849, 0.85, 0.851, 0.85, 0.85], 400, rng=rng(), name="AUROC")
    assert flat.worth is False
    assert "hardly worth it" in flat.statement
    assert flat.gain[1] <= flat.gain[0] <= flat.gain[2] < 0.01


def test_a_noisy_curve_is_called_uncertain():
    noisy = advise(LABELS, [0.5, 0.72, 0.61, 0.75, 0.69, 0.78], 300, rng=rng())
    assert "probably" in noisy.statement


def test_three_rounds_are_too_few_to_say():
    early = advise([10, 20, 30], [0.5, 0.6, 0.7], 50, rng=rng())
    assert early.worth is None
    assert early.gain is None
    with pytest.raises(ValueError, match="4 points"):
        forecast([10, 20, 30], [0.5, 0.6, 0.7], [50], rng=rng())


def test_bad_curves_are_refused():
    for labels, metric in (
        ([5, 5], [0.1, 0.2]),
        ([0, 5], [0.1, 0.2]),
        ([1, 2], [0.1, np.nan]),
        ([1, 2], [0.1]),
    ):
        with pytest.raises(ValueError):
            fit_power_law(labels, metric)
