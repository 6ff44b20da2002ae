import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.acquisition import diversity
from ml.acquisition.caps import CapKeeper, Caps
from ml.acquisition.diversity import badge, clue, k_centre_greedy, typiclust


def rng(seed=0):
    return np.random.default_rng(seed)


def three_clouds(each=40):
    middles = np.array([[0, 0], [30, 0], [0, 30]])
    return (middles[:, None] + rng(9).normal(size=(3, each, 2))).reshape(-1, 2)


@given(st.integers(0, 5000), st.integers(0, 4), st.integers(1, 12))
def test_k_centre_matches_brute_force(seed, labelled_count, n):
    generator = rng(seed)
    rows, labelled = generator.normal(size=(15, 3)), generator.normal(size=(labelled_count, 3))
    order, score = k_centre_greedy(rows, labelled, n, keeper=CapKeeper(15))
    taken = list(labelled)
    for index in order:
        if taken:
            gaps = [min(np.linalg.norm(row - other) for other in taken) for row in rows]
            assert gaps[index] == pytest.approx(max(gaps), rel=1e-3)
        taken.append(rows[index])
    np.testing.assert_allclose(
        score, [min(np.linalg.norm(row - other) for other in taken) for row in rows], atol=2e-2
    )


@given(st.integers(0, 5000))
def test_k_centre_never_takes_two_duplicates(seed):
    distinct = rng(seed).normal(size=(6, 4)) * 10
    rows = np.repeat(distinct, 3, axis=0)
    order, _ = k_centre_greedy(rows, None, 18, keeper=CapKeeper(18))
    assert sorted(order // 3) == list(range(6))
    again, _ = k_centre_greedy(rows, distinct[:2], 18, keeper=CapKeeper(18))
    assert sorted(again // 3) == [2, 3, 4, 5]


def test_k_centre_is_within_twice_the_best_radius():
    rows = rng(3).normal(size=(12, 2))
    order, _ = k_centre_greedy(rows, None, 3, keeper=CapKeeper(12))
    gaps = np.linalg.norm(rows[:, None] - rows, axis=2)
    best = min(gaps[[i, j, k]].min(axis=0).max() for i in range(12) for j in range(i) for k in range(j))
    assert gaps[order].min(axis=0).max() <= 2 * best + 1e-6


def test_badge_distances_equal_those_of_explicit_gradients(monkeypatch):
    generator = rng(1)
    p, rows = generator.dirichlet([1] * 3, size=20), generator.normal(size=(20, 4))
    gradients = ((p - np.eye(3)[p.argmax(axis=1)])[:, :, None] * rows[:, None]).reshape(20, -1)
    seen = []
    monkeypatch.setattr(diversity, "draw", lambda mass, rng: seen.append(mass.copy()) or int(mass.argmax()))
    order, score = badge(p, rows, 5, keeper=CapKeeper(20), rng=generator)
    np.testing.assert_allclose(score, np.linalg.norm(gradients, axis=1), rtol=1e-4)
    assert order[0] == score.argmax()
    for step, mass in enumerate(seen, start=1):
        taken = gradients[order[:step]]
        expected = ((gradients[:, None] - taken) ** 2).sum(axis=2).min(axis=1)
        expected[order[:step]] = 0
        np.testing.assert_allclose(mass, expected, atol=1e-3)


def test_badge_prefers_what_the_model_is_unsure_about():
    p = np.repeat([[0.5, 0.5], [0.99, 0.01]], 50, axis=0)
    order, _ = badge(p, rng(2).normal(size=(100, 8)), 20, keeper=CapKeeper(100), rng=rng())
    assert (order < 50).mean() > 0.9


def test_badge_fills_the_batch_even_when_the_model_is_sure_of_everything():
    p = np.tile([1.0, 0.0], (10, 1))
    order, _ = badge(p, rng().normal(size=(10, 2)), 6, keeper=CapKeeper(10), rng=rng())
    assert len(set(order)) == 6


def test_typiclust_takes_one_typical_row_from_each_cloud():
    rows = three_clouds()
    order, _ = typiclust(rows, None, 3, keeper=CapKeeper(120), rng=rng())
    assert set(order // 40) == {0, 1, 2}
    for index in order:
        cloud = rows[index // 40 * 40 : index // 40 * 40 + 40]
        assert brute_typicality(cloud).argmax() == index % 40


def brute_typicality(cloud):
    gaps = np.sort(np.linalg.norm(cloud[:, None] - cloud, axis=2), axis=1)
    return 1 / gaps[:, 1:21].mean(axis=1)


def test_typiclust_leaves_labelled_clouds_for_last():
    rows = three_clouds()
    order, _ = typiclust(rows, rows[:1], 2, keeper=CapKeeper(120), rng=rng())
    assert set(order // 40) == {1, 2}


def test_clue_takes_the_middles_of_unsure_groups():
    rows = three_clouds()
    entropy = np.where(np.arange(120) < 40, 1e-6, 1.0)
    order, score = clue(rows, entropy, 2, keeper=CapKeeper(120), rng=rng())
    assert set(order // 40) == {1, 2}
    for index in order:
        cloud = rows[index // 40 * 40 : index // 40 * 40 + 40]
        gaps = np.linalg.norm(cloud - cloud.mean(axis=0), axis=1)
        assert gaps[index % 40] <= np.sort(gaps)[1]
    np.testing.assert_array_equal(score, entropy)


METHODS = {
    "k_centre": lambda rows, p, n, keeper: k_centre_greedy(rows, None, n, keeper=keeper),
    "badge": lambda rows, p, n, keeper: badge(p, rows, n, keeper=keeper, rng=rng()),
    "typiclust": lambda rows, p, n, keeper: typiclust(rows, None, n, keeper=keeper, rng=rng()),
    "clue": lambda rows, p, n, keeper: clue(rows, p[:, 0], n, keeper=keeper, rng=rng()),
}


@pytest.mark.parametrize("name", METHODS)
def test_the_keeper_decides_what_may_be_taken(name):
    generator = rng(4)
    rows, p = generator.normal(size=(40, 3)), generator.dirichlet([1, 1], size=40)
    keeper = CapKeeper(40, Caps(per_patient=1), patients=np.arange(40) // 10)
    keeper.open[:10] = False
    order, _ = METHODS[name](rows, p, 10, keeper)
    assert sorted(order // 10) == [1, 2, 3]


def test_embeddings_of_different_width_are_refused():
    with pytest.raises(ValueError, match="labelled embeddings"):
        k_centre_greedy(np.zeros((2, 3)), np.zeros((1, 2)), 1, keeper=CapKeeper(2))
