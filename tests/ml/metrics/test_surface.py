import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.metrics.overlap import IGNORE
from ml.metrics.surface import (
    average_surface_distance,
    hausdorff,
    mask_surface,
    surface_dice,
    surface_distances,
    surfaces_per_class,
)

MASKS = arrays(bool, (3, 5, 6), elements=st.booleans())


def brute_surface(mask):
    """Pixels with an axis neighbour outside the mask, beyond the array counting as outside."""
    found = []
    for at in map(tuple, np.argwhere(mask)):
        for axis in range(mask.ndim):
            for step in (-1, 1):
                other = list(at)
                other[axis] += step
                if not 0 <= other[axis] < mask.shape[axis] or not mask[tuple(other)]:
                    found.append(at)
    return sorted(set(found))


def brute_distances(first, second, spacing):
    a, b = (np.array(brute_surface(m), dtype=float).reshape(-1, 3) * spacing for m in (first, second))
    gaps = np.linalg.norm(a[:, None] - b, axis=2)
    return gaps.min(axis=1), gaps.min(axis=0)


@settings(max_examples=60)
@given(MASKS, MASKS, st.tuples(*[st.sampled_from([0.5, 1.0, 2.5])] * 3))
def test_distances_match_every_pair_of_surface_pixels(first, second, spacing):
    if not first.any() or not second.any():
        return
    there, back = brute_distances(first, second, spacing)
    assert hausdorff(first, second, spacing) == pytest.approx(
        max(np.percentile(there, 95), np.percentile(back, 95))
    )
    assert hausdorff(first, second, spacing, percentile=100) == pytest.approx(max(there.max(), back.max()))
    assert average_surface_distance(first, second, spacing) == pytest.approx(
        (there.sum() + back.sum()) / (there.size + back.size)
    )


@given(MASKS, MASKS)
def test_both_ways_give_the_same_and_a_mask_lies_on_itself(first, second):
    spacing = (3.0, 1.0, 1.0)
    for measure in (hausdorff, average_surface_distance):
        np.testing.assert_allclose(measure(first, second, spacing), measure(second, first, spacing))
        assert not first.any() or measure(first, first, spacing) == 0


@given(MASKS)
def test_the_surface_is_what_touches_the_outside(mask):
    assert sorted(map(tuple, np.argwhere(mask_surface(mask)))) == brute_surface(mask)


def test_spacing_is_per_axis():
    first, second = np.zeros((9, 9), bool), np.zeros((9, 9), bool)
    first[2, 2] = second[5, 2] = True
    assert hausdorff(first, second, (2.0, 7.0)) == 6
    assert hausdorff(first.T, second.T, (2.0, 7.0)) == 21


def test_one_empty_mask_is_infinitely_far_and_two_say_nothing():
    empty, full = np.zeros((4, 4), bool), np.ones((4, 4), bool)
    assert hausdorff(empty, full, (1, 1)) == average_surface_distance(full, empty, (1, 1)) == np.inf
    assert surface_dice(empty, full, (1, 1), tolerance=1) == 0
    for measure in (hausdorff, average_surface_distance):
        assert np.isnan(measure(empty, empty, (1, 1)))
    assert np.isnan(surface_dice(empty, empty, (1, 1), tolerance=1))


def test_surface_dice_forgives_what_is_within_tolerance():
    first, second = np.zeros((12, 12), bool), np.zeros((12, 12), bool)
    first[3:9, 3:9] = True
    second[4:10, 3:9] = True
    assert surface_dice(first, second, (1, 1), tolerance=1) == 1
    assert 0 < surface_dice(first, second, (1, 1), tolerance=0.5) < 1


def test_per_class_distances_leave_out_background_and_ignored_pixels():
    truth = np.zeros((10, 10), np.uint8)
    truth[2:5, 2:5] = 1
    truth[8:, 8:] = IGNORE
    predicted = np.where(truth == 1, 1, 0)
    predicted[9, 9] = 1
    far, mean = surfaces_per_class(predicted, truth, 3, (1.0, 1.0))
    assert far[1] == mean[1] == 0
    assert np.isnan(far[[0, 2]]).all()


def test_bad_shapes_and_spacings_are_refused():
    with pytest.raises(ValueError, match="shape"):
        surface_distances(np.ones((2, 2)), np.ones((2, 3)), (1, 1))
    for spacing in ((1.0,), (1.0, 0.0)):
        with pytest.raises(ValueError, match="spacing"):
            surface_distances(np.ones((2, 2)), np.ones((2, 2)), spacing)
