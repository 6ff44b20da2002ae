import numpy as np

from ml.acquisition.caps import CapKeeper, Caps
from ml.acquisition.clasp import choose_clasp


def choose(entropy, class_entropy, n, *, beta=1e9, keeper=None, seed=0, **options):
    return choose_clasp(
        np.asarray(entropy, dtype=float),
        np.asarray(class_entropy, dtype=float),
        n,
        beta=beta,
        keeper=keeper or CapKeeper(len(entropy)),
        rng=np.random.default_rng(seed),
        **options,
    )


def spread(count=200, seed=1):
    p = np.random.default_rng(seed).dirichlet([1, 1, 1], size=count)
    entropy = -(p * np.log(p)).sum(axis=1)
    return entropy, p * entropy[:, None]


def test_two_thirds_are_shared_evenly_by_the_classes():
    entropy, by_class = spread()
    order, strata = choose(entropy, by_class, 99)
    assert len(set(order)) == 99
    counts = np.bincount(strata + 1, minlength=4)
    assert counts[0] == 34
    assert counts[1:].max() - counts[1:].min() <= 1


def test_any_stretch_of_the_order_keeps_the_proportion():
    _, strata = choose(*spread(), 60)
    for start in range(0, 60, 15):
        assert 9 <= (strata[start : start + 15] >= 0).sum() <= 11


def test_without_noise_each_pick_is_the_best_left_of_its_stratum():
    entropy, by_class = spread()
    order, strata = choose(entropy, by_class, 30)
    left = np.ones(200, dtype=bool)
    for index, stratum in zip(order, strata, strict=True):
        score = entropy if stratum < 0 else by_class[:, stratum]
        assert score[index] == score[left].max()
        left[index] = False


def test_a_rare_class_gets_its_share_where_plain_entropy_gives_it_none():
    common = np.tile([0.5, 0.5, 0.0], (100, 1)) * 0.69
    rare = np.tile([0.05, 0.05, 0.2], (10, 1))
    by_class = np.concatenate([common, rare])
    order, _ = choose(by_class.sum(axis=1), by_class, 12)
    assert (order >= 100).sum() >= 2
    assert (np.argsort(-by_class.sum(axis=1))[:12] < 100).all()


def test_the_background_gets_no_turn_and_neither_does_an_empty_class():
    entropy, by_class = spread()
    by_class[:, 2] = 0
    _, strata = choose(entropy, by_class, 30, background=0)
    assert set(strata) == {-1, 1}


def test_low_beta_spreads_the_picks_and_high_beta_concentrates_them():
    entropy, by_class = spread(2000)
    broad, _ = choose(entropy, by_class, 50, beta=1)
    narrow, _ = choose(entropy, by_class, 50, beta=100)
    assert entropy[broad].mean() < entropy[narrow].mean()
    assert len(set(broad) & set(choose(entropy, by_class, 50, beta=1, seed=5)[0])) < 10


def test_caps_are_kept_and_a_batch_is_filled_while_anything_is_open():
    entropy, by_class = spread(40)
    keeper = CapKeeper(40, Caps(per_patient=2), patients=np.arange(40) // 8)
    order, strata = choose(entropy, by_class, 30, keeper=keeper)
    assert len(order) == len(strata) == 10
    assert np.bincount(order // 8).max() == 2
