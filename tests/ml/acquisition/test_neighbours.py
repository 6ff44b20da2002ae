import numpy as np
import pytest

from ml.acquisition import distances
from ml.acquisition.neighbours import similar_cases


def test_the_most_alike_come_first_as_by_brute_force(monkeypatch):
    monkeypatch.setattr(distances, "CHUNK_VALUES", 60)
    rng = np.random.default_rng(0)
    rows, library = rng.normal(size=(17, 6)), rng.normal(size=(20, 6))
    index, likeness = similar_cases(rows, library, k=4)
    for row, found, alike in zip(rows, index, likeness, strict=True):
        cosine = library @ row / np.linalg.norm(library, axis=1) / np.linalg.norm(row)
        np.testing.assert_array_equal(found, np.argsort(-cosine)[:4])
        np.testing.assert_allclose(alike, np.sort(cosine)[::-1][:4], atol=1e-5)


def test_a_case_is_most_like_itself():
    library = np.random.default_rng(1).normal(size=(9, 5))
    index, likeness = similar_cases(library, library, k=2)
    np.testing.assert_array_equal(index[:, 0], np.arange(9))
    np.testing.assert_allclose(likeness[:, 0], 1, atol=1e-6)


def test_a_small_library_gives_what_it_has():
    assert similar_cases(np.ones((3, 2)), np.ones((1, 2)), k=5)[0].shape == (3, 1)
    assert similar_cases(np.ones((3, 2)), np.empty((0, 2)), k=5)[0].shape == (3, 0)


def test_embeddings_of_different_width_are_refused():
    with pytest.raises(ValueError, match="library"):
        similar_cases(np.ones((1, 2)), np.ones((1, 3)))
