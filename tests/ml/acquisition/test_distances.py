import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.acquisition import distances
from ml.acquisition.distances import Rows, as_rows, draw, k_means, nearest, plus_plus_seeds, squared_distances


def clouds(rng, centres=4, each=50, dims=3):
    middles = rng.normal(size=(centres, dims)) * 20
    rows = middles[:, None] + rng.normal(size=(centres, each, dims))
    return rows.reshape(-1, dims).astype(np.float32)


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 9), st.integers(1, 5))
def test_distances_match_subtraction(seed, n, m, dims):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(n, dims)).astype(np.float32), rng.normal(size=(m, dims)).astype(np.float32)
    expected = ((a[:, None].astype(np.float64) - b) ** 2).sum(axis=2)
    np.testing.assert_allclose(squared_distances(a, b), expected, atol=1e-4)
    index, squared = nearest(a, b)
    np.testing.assert_allclose(expected[np.arange(n), index], expected.min(axis=1), atol=1e-4)
    np.testing.assert_allclose(squared, expected.min(axis=1), atol=1e-4)
    np.testing.assert_allclose(Rows(a).squared_to(0), ((a - a[0]) ** 2).sum(axis=1), atol=1e-4)


def test_duplicates_are_at_distance_zero_exactly():
    row = np.random.default_rng(0).normal(size=(1, 600)).astype(np.float32) * 100
    assert squared_distances(row, np.repeat(row, 3, axis=0)).max() == 0
    assert Rows(np.repeat(row, 3, axis=0)).squared_to(1).max() == 0


def test_chunks_change_nothing(monkeypatch):
    rng = np.random.default_rng(1)
    rows, to = rng.normal(size=(37, 4)).astype(np.float32), rng.normal(size=(5, 4)).astype(np.float32)
    whole = nearest(rows, to)
    monkeypatch.setattr(distances, "CHUNK_VALUES", 11)
    np.testing.assert_array_equal(nearest(rows, to)[0], whole[0])


def test_k_means_finds_separate_clouds():
    clusters = k_means(clouds(np.random.default_rng(2)), 4, rng=np.random.default_rng(0))
    labels = clusters.labels.reshape(4, 50)
    assert all(len(set(row)) == 1 for row in labels)
    assert len(set(labels[:, 0])) == 4


def test_k_means_centres_are_the_weighted_means_of_their_rows():
    rng = np.random.default_rng(3)
    rows, weights = rng.normal(size=(80, 2)).astype(np.float32), rng.random(80)
    clusters = k_means(rows, 3, rng=rng, weights=weights, iterations=200)
    for c in range(3):
        mine = clusters.labels == c
        expected = np.average(rows[mine], axis=0, weights=weights[mine])
        np.testing.assert_allclose(clusters.centres[c], expected, atol=1e-5)


def test_k_means_fitted_on_a_sample_still_assigns_every_row():
    rows = clouds(np.random.default_rng(4))
    clusters = k_means(rows, 4, rng=np.random.default_rng(0), sample=60)
    assert clusters.labels.shape == (200,)
    assert clusters.squared.mean() < 10


def test_weightless_rows_are_never_seeds():
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(30, 2)).astype(np.float32)
    weights = (np.arange(30) < 10).astype(float)
    assert max(plus_plus_seeds(rows, 8, rng=rng, weights=weights)) < 10


def test_draws_follow_their_mass():
    rng = np.random.default_rng(6)
    counts = np.bincount([draw(np.array([0.0, 1.0, 3.0]), rng) for _ in range(4000)], minlength=3)
    assert counts[0] == 0
    assert counts[2] / counts[1] == pytest.approx(3, rel=0.2)
    assert draw(np.zeros(3), rng) in range(3)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        as_rows([[np.nan]])
    with pytest.raises(ValueError, match="must be"):
        as_rows([1.0])
    with pytest.raises(ValueError, match="clusters"):
        k_means(np.zeros((2, 1), np.float32), 3, rng=np.random.default_rng(0))
