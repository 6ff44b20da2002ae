import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.acquisition import uncertainty

MEASURES = [
    uncertainty.entropy,
    uncertainty.margin,
    uncertainty.least_confidence,
    uncertainty.bald,
    uncertainty.variance,
    uncertainty.class_entropy,
]


@st.composite
def probabilities(draw, passes=None):
    shape = (draw(st.integers(1, 6)), passes or draw(st.integers(1, 4)), draw(st.integers(2, 4)))
    weights = draw(arrays(np.float64, shape, elements=st.floats(0, 1))) + 1e-3
    return weights / weights.sum(axis=2, keepdims=True)


@given(probabilities(), st.randoms())
@pytest.mark.parametrize("measure", MEASURES)
def test_permuted_items_give_permuted_scores_and_the_input_stays(measure, p, random):
    order = random.sample(range(len(p)), len(p))
    before = p.copy()
    np.testing.assert_array_equal(measure(p)[order], measure(p[order]))
    np.testing.assert_array_equal(p, before)


@given(probabilities(passes=1), st.integers(2, 7))
def test_identical_passes_have_no_disagreement_at_all(p, passes):
    repeated = np.repeat(p, passes, axis=1)
    assert (uncertainty.bald(repeated) == 0).all()
    assert (uncertainty.variance(repeated) == 0).all()
    np.testing.assert_array_equal(uncertainty.entropy(repeated), uncertainty.entropy(p))


@given(probabilities())
def test_bald_is_the_entropy_of_the_mean_less_the_mean_entropy(p):
    mean = p.mean(axis=1)
    total = -(mean * np.log(mean)).sum(axis=1)
    within = -(p * np.log(p)).sum(axis=2).mean(axis=1)
    np.testing.assert_allclose(uncertainty.bald(p), total - within, atol=1e-12)
    np.testing.assert_allclose(uncertainty.entropy(p), total, atol=1e-12)
    np.testing.assert_allclose(uncertainty.variance(p), p.var(axis=1).mean(axis=1), atol=1e-12)


@given(probabilities())
def test_class_entropies_sum_to_the_entropy(p):
    np.testing.assert_allclose(uncertainty.class_entropy(p).sum(axis=1), uncertainty.entropy(p), atol=1e-9)


@pytest.mark.parametrize("measure", MEASURES[:3])
def test_even_odds_are_the_most_unsure_and_certainty_the_least(measure):
    even, leaning, sure = measure(np.array([[[0.5, 0.5]], [[0.8, 0.2]], [[1.0, 0.0]]]))
    assert even > leaning > sure == 0


def test_margin_and_least_confidence_of_a_known_case():
    p = np.array([[[0.5, 0.3, 0.2], [0.7, 0.3, 0.0]]])
    assert uncertainty.margin(p)[0] == pytest.approx(1 - 0.3)
    assert uncertainty.least_confidence(p)[0] == pytest.approx(0.4)


def test_multilabel_entropy_treats_labels_apart():
    p = np.array([[[0.5, 0.5]], [[1.0, 0.5]], [[1.0, 0.0]]])
    np.testing.assert_allclose(uncertainty.multilabel_entropy(p), [np.log(2), np.log(2) / 2, 0])


MAPS = arrays(np.float64, (3, 4, 5), elements=st.floats(0, 1))


@given(MAPS, arrays(np.uint8, (3, 4, 5), elements=st.integers(0, 2)))
def test_reductions_match_brute_force(maps, labels):
    flat = maps.reshape(3, -1)
    np.testing.assert_allclose(uncertainty.reduce_map(maps), flat.mean(axis=1))
    np.testing.assert_allclose(uncertainty.reduce_map(maps, "max"), flat.max(axis=1))
    top = [sorted(row)[-5:] for row in flat]
    np.testing.assert_allclose(uncertainty.reduce_map(maps, "top_k", share=0.25), np.mean(top, axis=1))
    expected = [brute_boundary_mean(m, lab) for m, lab in zip(maps, labels, strict=True)]
    np.testing.assert_allclose(uncertainty.reduce_map(maps, "boundary", labels=labels), expected)


def brute_boundary_mean(values, labels):
    found = []
    for y, x in np.ndindex(labels.shape):
        for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            inside = 0 <= y + dy < labels.shape[0] and 0 <= x + dx < labels.shape[1]
            if inside and labels[y, x] != labels[y + dy, x + dx]:
                found.append(values[y, x])
                break
    return np.mean(found) if found else 0.0


def test_top_k_sees_a_small_lesion_that_the_mean_drowns():
    lesion, haze = np.zeros((1, 50, 50)), np.full((1, 50, 50), 0.05)
    lesion[0, :5, :5] = 1
    assert uncertainty.reduce_map(lesion) < uncertainty.reduce_map(haze)
    assert uncertainty.reduce_map(lesion, "top_k") > uncertainty.reduce_map(haze, "top_k")


def test_class_maps_reduce_class_by_class():
    p = np.moveaxis(np.random.default_rng(0).dirichlet([1, 1, 1], size=(2, 4, 4)), -1, 1)
    reduced = uncertainty.reduce_class_entropy(p)
    per_pixel = np.moveaxis(p, 1, -1).reshape(-1, 1, 3)
    expected = uncertainty.class_entropy(per_pixel).reshape(2, 16, 3).mean(axis=1)
    np.testing.assert_allclose(reduced, expected)


def test_what_is_not_a_probability_is_refused():
    for bad in (np.ones((2, 3)), np.full((1, 1, 2), 0.9), np.array([[[1.5, -0.5]]])):
        with pytest.raises(ValueError, match="probabilities"):
            uncertainty.entropy(bad)
    with pytest.raises(ValueError, match="labels"):
        uncertainty.reduce_map(np.zeros((1, 2, 2)), "boundary")
