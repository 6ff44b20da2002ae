import numpy as np
import pytest

from ml.metrics.slices import bands, metric_by_subgroup


def test_each_group_gets_its_own_metric_and_interval():
    rng = np.random.default_rng(0)
    groups = ["a"] * 40 + ["b"] * 40 + [""] * 4
    values = np.concatenate([rng.normal(1, 0.1, 40), rng.normal(3, 0.1, 40), np.full(4, 9.0)])
    found = metric_by_subgroup(lambda i: values[i].mean(), groups, np.arange(84) // 2, rng=rng, resamples=200)
    assert [(group.name, group.items, group.patients) for group in found] == [
        ("a", 40, 20),
        ("b", 40, 20),
        ("unknown", 4, 2),
    ]
    assert found[0].estimate == values[:40].mean()
    assert found[0].interval.low > 0.9
    assert found[1].interval.low > found[0].interval.high
    assert found[2].estimate == 9
    assert found[2].interval is None


def test_numbers_fall_into_named_bands():
    assert bands([39.9, 40, 59, 60, np.nan], (40, 60), unit="years") == [
        "< 40 years",
        "40–60 years",
        "40–60 years",
        "≥ 60 years",
        "unknown",
    ]


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="rise"):
        bands([1], (3, 3))
    with pytest.raises(ValueError, match="same items"):
        metric_by_subgroup(lambda i: 0.0, ["a"], [1, 2], rng=np.random.default_rng(0))
