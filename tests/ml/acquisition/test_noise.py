import numpy as np
import pytest

from ml.acquisition.noise import NOISES, perturb, scheduled_beta


def rng():
    return np.random.default_rng(3)


@pytest.mark.parametrize("kind", NOISES)
def test_a_huge_beta_keeps_the_plain_order(kind):
    scores = rng().random(200)
    np.testing.assert_array_equal(np.argsort(perturb(scores, kind, 1e9, rng=rng())), np.argsort(scores))


@pytest.mark.parametrize(
    ("kind", "odds"),
    [("softmax", np.exp([0.2, 0.5, 1.0])), ("power", [0.2, 0.5, 1.0]), ("softrank", [1 / 3, 1 / 2, 1])],
)
def test_the_first_item_is_drawn_with_the_odds_the_paper_states(kind, odds):
    generator = rng()
    first = [perturb([0.2, 0.5, 1.0], kind, 1.0, rng=generator).argmax() for _ in range(6000)]
    shares = np.bincount(first, minlength=3) / 6000
    np.testing.assert_allclose(shares, np.array(odds) / np.sum(odds), atol=0.03)


def test_tied_scores_share_their_ranks():
    plain = perturb([5.0, 5.0, 9.0, 1.0], "softrank", 1e12, rng=rng())
    np.testing.assert_allclose(np.exp(-plain), [2.5, 2.5, 1, 4])


def test_beta_is_the_power_of_the_odds():
    generator = rng()
    first = [perturb([1.0, 2.0], "power", 3.0, rng=generator).argmax() for _ in range(4000)]
    assert np.mean(first) == pytest.approx(8 / 9, abs=0.02)


def test_a_score_of_zero_stays_last_under_power_noise():
    assert np.isfinite(perturb([0.0, 1e-9], "power", 1.0, rng=rng())).all()
    assert all(perturb([0.0, 1e-9], "power", 1.0, rng=rng()).argmax() == 1 for _ in range(50))


def test_scores_are_not_changed_in_place():
    scores = np.array([0.3, 0.1])
    for kind in NOISES:
        perturb(scores, kind, 1.0, rng=rng())[0] = 9
    np.testing.assert_array_equal(scores, [0.3, 0.1])


def test_beta_grows_geometrically_and_then_stays():
    assert [round(scheduled_beta(r, 5)) for r in range(7)] == [1, 3, 10, 32, 100, 100, 100]
    assert scheduled_beta(4, 5, last=30) == pytest.approx(30)
    assert scheduled_beta(0, 1) == 100


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="positive"):
        perturb([1.0], "power", 0, rng=rng())
    with pytest.raises(ValueError, match="NaN"):
        perturb([np.nan], "softmax", 1, rng=rng())
    with pytest.raises(ValueError, match="0 or more"):
        perturb([-1.0], "power", 1, rng=rng())
    with pytest.raises(ValueError, match="rounds count"):
        scheduled_beta(-1, 5)
