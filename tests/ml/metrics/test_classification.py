import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.metrics.classification import (
    auprc,
    auroc,
    binary_counts,
    binary_report,
    confusion_matrix,
    multiclass_report,
    multilabel_report,
    quadratic_weighted_kappa,
)

SCORED = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=30)


@given(SCORED)
def test_auroc_is_the_share_of_pairs_ranked_right(items):
    scores, truth = map(list, zip(*items, strict=True))
    pairs = [(p > n) + (p == n) / 2 for (p, a), (n, b) in itertools.product(items, items) if a and not b]
    expected = np.mean(pairs) if pairs else float("nan")
    np.testing.assert_allclose(auroc(scores, truth), expected)


@given(SCORED)
def test_auprc_is_precision_summed_over_the_recall_gained(items):
    scores, truth = map(np.asarray, zip(*items, strict=True))
    expected, before = 0.0, 0.0
    for threshold in sorted(set(scores), reverse=True):
        called = scores >= threshold
        recall = truth[called].sum() / max(truth.sum(), 1)
        expected += (recall - before) * truth[called].mean()
        before = recall
    np.testing.assert_allclose(auprc(scores, truth), expected if truth.any() else float("nan"))


@given(SCORED, st.randoms())
def test_the_order_of_items_changes_nothing(items, random):
    shuffled = random.sample(items, len(items))
    for metric in (auroc, auprc):
        np.testing.assert_allclose(metric(*zip(*items, strict=True)), metric(*zip(*shuffled, strict=True)))


def test_auroc_and_auprc_of_the_textbook_example():
    scores, truth = [0.1, 0.4, 0.35, 0.8], [False, False, True, True]
    assert auroc(scores, truth) == pytest.approx(0.75)
    assert auprc(scores, truth) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_binary_counts_give_the_usual_rates():
    counts = binary_counts([1, 1, 0, 0, 0, 1], [1, 0, 0, 0, 1, 1])
    assert (counts.true_positive, counts.false_positive) == (2, 1)
    assert (counts.true_negative, counts.false_negative) == (2, 1)
    assert counts.sensitivity == counts.specificity == counts.precision == pytest.approx(2 / 3)
    assert counts.f1 == counts.accuracy == pytest.approx(2 / 3)


def test_what_the_data_cannot_tell_is_nan():
    report = binary_report([0.2, 0.3], [False, False])
    assert np.isnan(report["auroc"])
    assert np.isnan(report["sensitivity"])
    assert report["specificity"] == 1


def test_confusion_has_truth_in_rows():
    np.testing.assert_array_equal(confusion_matrix([0, 0, 1], [0, 1, 1], 2), [[1, 1], [0, 1]])
    with pytest.raises(ValueError, match="outside"):
        confusion_matrix([2], [0], 2)


def test_multiclass_report_leaves_out_unknown_truth_and_absent_classes():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8]])
    report = multiclass_report(probabilities, [0, 1, 1, -1], ordinal=True)
    assert report.overall["accuracy"] == pytest.approx(2 / 3)
    assert report.overall["sensitivity"] == pytest.approx((1 + 0.5) / 2)
    assert report.overall["auroc"] == pytest.approx((auroc([0.7, 0.2, 0.6], [1, 0, 0]) + 1) / 2)
    assert report.overall["specificity"] == pytest.approx((0.5 + 1) / 2)
    assert report.confusion.sum() == 3
    assert report.overall["quadratic_weighted_kappa"] == pytest.approx(0.4)


def test_multilabel_report_masks_unknown_labels_one_by_one():
    probabilities = np.array([[0.9, 0.2], [0.1, 0.6], [0.8, 0.9]])
    report = multilabel_report(probabilities, [[1, 0], [0, -1], [-1, 1]])
    assert [label["accuracy"] for label in report.per_class] == [1, 1]
    assert report.overall["auroc"] == 1
    assert report.confusion is None


def test_quadratic_kappa_forgives_near_misses_more_than_far_ones():
    truth = [0, 1, 2, 3] * 5
    near, far = [min(t + 1, 3) for t in truth], [3 - t for t in truth]
    assert quadratic_weighted_kappa(truth, truth, 4) == 1
    assert quadratic_weighted_kappa(truth, near, 4) > 0 > quadratic_weighted_kappa(truth, far, 4)


def test_scores_that_are_not_numbers_are_refused():
    with pytest.raises(ValueError, match="NaN"):
        auroc([0.1, float("nan")], [True, False])
