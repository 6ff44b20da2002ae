import numpy as np
import pytest

from ml.metrics.bootstrap import bootstrap_interval, bootstrap_mean, compare_metric, compare_paired
from ml.metrics.classification import auroc


def rng():
    return np.random.default_rng(7)


def test_the_mean_shortcut_agrees_with_the_general_bootstrap():
    values = rng().normal(size=60)
    patients = np.repeat(np.arange(20), 3)
    quick = bootstrap_mean(values, patients, rng=rng(), resamples=4000)
    general = bootstrap_interval(lambda i: values[i].mean(), patients, rng=rng(), resamples=4000)
    assert quick.estimate == pytest.approx(general.estimate)
    assert quick.low == pytest.approx(general.low, abs=0.03)
    assert quick.high == pytest.approx(general.high, abs=0.03)


def test_images_of_one_patient_do_not_count_as_independent():
    per_patient = rng().normal(size=15)
    values = np.repeat(per_patient, 10)
    by_patient = bootstrap_mean(values, np.repeat(np.arange(15), 10), rng=rng())
    by_image = bootstrap_mean(values, np.arange(150), rng=rng())
    assert by_patient.high - by_patient.low > 2 * (by_image.high - by_image.low)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    generator = rng()
    hits = 0
    for _ in range(200):
        effects = generator.normal(size=30)
        values = np.repeat(effects, 4) + generator.normal(size=120) * 0.3
        interval = bootstrap_mean(values, np.repeat(np.arange(30), 4), rng=generator, resamples=400)
        hits += interval.low <= 0 <= interval.high
    assert 176 <= hits <= 199


def test_draws_on_which_the_metric_is_undefined_are_left_out():
    scores, truth = np.array([0.1, 0.2, 0.9]), np.array([False, False, True])
    interval = bootstrap_interval(
        lambda i: auroc(scores[i], truth[i]), ["a", "b", "c"], rng=rng(), resamples=300
    )
    assert interval.estimate == 1
    assert 100 < interval.resamples < 300
    assert interval.low == interval.high == 1


def test_missing_values_are_left_out_of_the_mean():
    interval = bootstrap_mean([1.0, np.nan, 3.0], [1, 2, 3], rng=rng())
    assert interval.estimate == 2
    assert (interval.low, interval.high) == (1, 3)


def test_a_model_compared_with_itself_differs_by_nothing():
    scores = rng().random(30)
    same = compare_paired(scores, scores, np.arange(30), rng=rng())
    assert (same.difference.low, same.difference.high) == (0, 0)
    assert (same.p_value, same.wins, same.losses, same.ties) == (1, 0, 0, 30)


def test_a_clear_gain_is_found_and_its_direction_kept():
    generator = rng()
    first = generator.random(40) * 0.5
    second = first + 0.1 + generator.normal(size=40) * 0.02
    better = compare_paired(first, second, np.arange(40), rng=generator)
    assert better.difference.low > 0.08
    assert better.p_value < 0.01
    assert (better.wins, better.losses) == (40, 0)


def test_under_the_null_small_p_values_are_rare():
    generator = rng()
    p_values = [
        compare_paired(
            generator.normal(size=25), generator.normal(size=25), np.arange(25), rng=generator, resamples=300
        ).p_value
        for _ in range(200)
    ]
    assert 1 <= np.sum(np.array(p_values) < 0.05) <= 22


def test_metrics_without_a_value_per_case_are_compared_on_the_same_draws():
    generator = rng()
    truth = np.arange(80) % 2 == 0
    good = truth + generator.normal(size=80) * 0.4
    poor = truth + generator.normal(size=80) * 3
    gain = compare_metric(
        lambda i: auroc(poor[i], truth[i]),
        lambda i: auroc(good[i], truth[i]),
        np.arange(80),
        rng=generator,
        resamples=300,
    )
    assert gain.low > 0
    assert gain.estimate == pytest.approx(auroc(good, truth) - auroc(poor, truth))


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="no items"):
        bootstrap_interval(lambda i: 0.0, [], rng=rng())
    with pytest.raises(ValueError, match="same items"):
        bootstrap_mean([1.0], [1, 2], rng=rng())
    with pytest.raises(ValueError, match="same cases"):
        compare_paired([1.0], [1.0, 2.0], [1, 2], rng=rng())
