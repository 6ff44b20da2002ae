"""Kappas, alpha and ICC against the worked examples of the papers that define them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.metrics.agreement import cohen_kappa, fleiss_kappa, icc, krippendorff_alpha

_ = np.nan
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
        [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
    ]
)
SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
FLEISS = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip
RATINGS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=25)


def test_cohens_kappa_of_fifty_grant_proposals():
    first = [1] * 25 + [0] * 25
    second = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    assert cohen_kappa(first, second, 2) == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_krippendorffs_alpha_of_his_own_example(level, alpha):
    assert krippendorff_alpha(KRIPPENDORFF, level=level) == pytest.approx(alpha, abs=6e-4)


@pytest.mark.parametrize(
    ("form", "value"),
    [("1,1", 0.17), ("2,1", 0.29), ("3,1", 0.71), ("1,k", 0.44), ("2,k", 0.62), ("3,k", 0.91)],
)
def test_icc_of_shrout_and_fleiss(form, value):
    assert icc(SHROUT_FLEISS, form=form) == pytest.approx(value, abs=6e-3)


def test_fleiss_kappa_of_fourteen_raters():
    assert fleiss_kappa(FLEISS) == pytest.approx(0.210, abs=1e-3)


@given(RATINGS)
def test_two_classes_weigh_the_same_in_every_kappa(pairs):
    first, second = ([min(r, 1) for r in raters] for raters in zip(*pairs, strict=True))
    plain = cohen_kappa(first, second, 2)
    np.testing.assert_allclose(cohen_kappa(first, second, 2, weights="linear"), plain, atol=1e-9)
    np.testing.assert_allclose(cohen_kappa(first, second, 2, weights="quadratic"), plain, atol=1e-9)


@given(RATINGS, st.sampled_from(["none", "linear", "quadratic"]))
def test_kappa_is_symmetric_and_never_above_one(pairs, weights):
    first, second = zip(*pairs, strict=True)
    one, other = (
        cohen_kappa(first, second, 4, weights=weights),
        cohen_kappa(second, first, 4, weights=weights),
    )
    np.testing.assert_allclose(one, other, atol=1e-9)
    assert np.isnan(one) or one <= 1


@given(RATINGS)
def test_weighted_kappa_matches_its_definition_pair_by_pair(pairs):
    first, second = map(np.asarray, zip(*pairs, strict=True))
    by_chance = np.mean([(a - b) ** 2 for a in first for b in second])
    expected = 1 - np.mean((first - second) ** 2) / by_chance if by_chance else float("nan")
    np.testing.assert_allclose(cohen_kappa(first, second, 4, weights="quadratic"), expected, atol=1e-9)


@given(RATINGS)
def test_interval_alpha_matches_its_definition_over_all_pairs(pairs):
    table = np.array(pairs, dtype=float).T
    values = table.ravel()
    within = np.mean((table[0] - table[1]) ** 2)
    between = ((values[:, None] - values) ** 2).sum() / (values.size * (values.size - 1))
    expected = 1 - within / between if between else float("nan")
    np.testing.assert_allclose(krippendorff_alpha(table, level="interval"), expected, atol=1e-9)


def test_perfect_agreement_is_one():
    ratings = [0, 1, 2, 1, 0]
    assert cohen_kappa(ratings, ratings, 3) == 1
    assert fleiss_kappa(np.eye(3)[ratings] * 4) == pytest.approx(1)
    assert krippendorff_alpha([ratings, ratings], level="ordinal") == pytest.approx(1)
    assert icc(np.array([ratings, ratings]).T) == pytest.approx(1)


def test_where_everyone_always_says_the_same_agreement_beyond_chance_is_unknown():
    assert np.isnan(cohen_kappa([1, 1], [1, 1], 2))
    assert np.isnan(fleiss_kappa([[3, 0], [3, 0]]))
    assert np.isnan(krippendorff_alpha([[1, 1], [1, 1]]))
    assert np.isnan(krippendorff_alpha([[1, np.nan], [np.nan, 2]]))


def test_bad_tables_are_refused():
    with pytest.raises(ValueError, match="same items"):
        cohen_kappa([1], [1, 0], 2)
    with pytest.raises(ValueError, match="outside"):
        cohen_kappa([2], [0], 2)
    with pytest.raises(ValueError, match="same number"):
        fleiss_kappa([[3, 0], [2, 0]])
    with pytest.raises(ValueError, match="raters, items"):
        krippendorff_alpha([1, 2])
    with pytest.raises(ValueError, match="gaps"):
        icc([[1, np.nan], [2, 3]])
