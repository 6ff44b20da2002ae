import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.metrics.overlap import IGNORE, dice_per_class, iou_per_class, mean_foreground, overlap_counts

MAPS = arrays(np.uint8, (4, 5), elements=st.integers(0, 2))


def brute_dice(prediction, truth, label):
    inside = [
        (p == label, t == label) for p, t in zip(prediction.flat, truth.flat, strict=True) if t != IGNORE
    ]
    both = sum(p and t for p, t in inside)
    total = sum(p for p, _ in inside) + sum(t for _, t in inside)
    return 2 * both / total if total else float("nan")


@given(MAPS, arrays(np.uint8, (4, 5), elements=st.sampled_from([0, 1, 2, IGNORE])))
def test_dice_and_iou_match_counting_pixel_by_pixel(prediction, truth):
    dice = dice_per_class(prediction, truth, 3)
    np.testing.assert_allclose(dice, [brute_dice(prediction, truth, c) for c in range(3)])
    np.testing.assert_allclose(iou_per_class(prediction, truth, 3), dice / (2 - dice))


@given(MAPS)
def test_a_map_overlaps_itself_fully(labels):
    dice = dice_per_class(labels, labels, 3)
    assert all(np.isnan(d) or d == 1 for d in dice)
    assert [not np.isnan(d) for d in dice] == [bool((labels == c).any()) for c in range(3)]


@given(MAPS, MAPS)
def test_counts_of_halves_add_up_to_counts_of_the_whole(prediction, truth):
    whole = overlap_counts(prediction, truth, 3)
    halves = overlap_counts(prediction[:2], truth[:2], 3) + overlap_counts(prediction[2:], truth[2:], 3)
    np.testing.assert_array_equal(whole.true_positive, halves.true_positive)
    np.testing.assert_array_equal(whole.false_negative, halves.false_negative)


def test_a_class_in_one_map_only_scores_zero_and_in_neither_nan():
    dice = dice_per_class([[0, 1]], [[0, 0]], 3)
    assert dice[1] == 0
    assert np.isnan(dice[2])


def test_ignored_pixels_do_not_count():
    assert dice_per_class([1, 1, 0], [1, IGNORE, 0], 2)[1] == 1


def test_mean_foreground_leaves_out_background_and_absent_classes():
    assert mean_foreground([1.0, 0.5, np.nan, 0.7]) == pytest.approx(0.6)
    assert np.isnan(mean_foreground([1.0, np.nan]))


def test_bad_shapes_and_classes_are_refused():
    with pytest.raises(ValueError, match="shape"):
        overlap_counts([0], [0, 1], 2)
    with pytest.raises(ValueError, match="prediction holds classes"):
        overlap_counts([3], [0], 2)
