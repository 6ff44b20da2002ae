import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.metrics.detection import (
    ImageBoxes,
    Ranking,
    average_precision,
    best_f1,
    box_iou,
    f1_at,
    froc,
    match_boxes,
    mean_average_precision,
    rank_boxes,
)

BOX = st.tuples(*[st.integers(0, 6)] * 2, *[st.integers(0, 5)] * 2)


def painted(box):
    x, y, w, h = box
    image = np.zeros((12, 12), bool)
    image[y : y + h, x : x + w] = True
    return image


@given(st.lists(BOX, max_size=4), st.lists(BOX, max_size=4))
def test_iou_is_that_of_the_painted_pixels(first, second):
    overlaps = box_iou(np.reshape(first, (-1, 4)), np.reshape(second, (-1, 4)))
    assert overlaps.shape == (len(first), len(second))
    for i, a in enumerate(map(painted, first)):
        for j, b in enumerate(map(painted, second)):
            assert overlaps[i, j] == pytest.approx((a & b).sum() / max((a | b).sum(), 1))


def test_the_surer_box_takes_the_match_and_the_other_may_take_the_next_best():
    drawn = [[0, 0, 10, 10], [3, 0, 10, 10]]
    found = [[0, 0, 10, 10], [1, 0, 10, 10]]
    np.testing.assert_array_equal(match_boxes(found, [0.5, 0.9], drawn, threshold=0.6), [-1, 0])
    np.testing.assert_array_equal(match_boxes(found, [0.9, 0.5], drawn, threshold=0.6), [0, 1])


@given(st.lists(BOX, min_size=1, max_size=6), st.lists(BOX, max_size=6), st.integers(0, 99))
def test_no_drawn_box_is_matched_twice_and_every_match_reaches_the_threshold(found, drawn, seed):
    scores = np.random.default_rng(seed).random(len(found))
    drawn_rows = np.reshape(drawn, (-1, 4))
    matched = match_boxes(found, scores, drawn_rows, threshold=0.3)
    hits = matched[matched >= 0]
    assert len(set(hits)) == len(hits)
    overlaps = box_iou(found, drawn_rows)
    assert all(overlaps[i, j] >= 0.3 for i, j in enumerate(matched) if j >= 0)


def ranking(hits, drawn, images=1, scores=None):
    hit = np.array(hits, dtype=bool)
    return Ranking(np.arange(len(hit), 0, -1.0) if scores is None else np.array(scores), hit, drawn, images)


def test_average_precision_of_a_worked_example():
    """Hits at ranks 1, 3 and 6 of 7 drawn: precision 1, 2/3, 1/2 at recall 1/7, 2/7, 3/7."""
    example = ranking([1, 0, 1, 0, 0, 1], drawn=7)
    assert average_precision(example) == pytest.approx((1 + 2 / 3 + 1 / 2) / 7)
    recalls = np.linspace(0, 1, 101)
    stepped = [1 if r <= 1 / 7 else 2 / 3 if r <= 2 / 7 else 1 / 2 if r <= 3 / 7 else 0 for r in recalls]
    assert average_precision(example, points=101) == pytest.approx(np.mean(stepped))


def test_precision_is_made_falling_before_the_area_is_taken():
    assert average_precision(ranking([0, 1, 1], drawn=2)) == pytest.approx(2 / 3)


def test_perfect_and_empty_detection():
    drawn = [ImageBoxes.of([[0, 0, 4, 4], [6, 6, 4, 4]], [1, 2]), ImageBoxes.of([], [])]
    perfect = [ImageBoxes.of(drawn[0].boxes, drawn[0].classes, [0.9, 0.8]), ImageBoxes.of([], [])]
    nothing = [ImageBoxes.of([], []), ImageBoxes.of([], [])]
    assert mean_average_precision(perfect, drawn, [1, 2, 3]) == 1
    assert mean_average_precision(nothing, drawn, [1, 2]) == 0
    assert np.isnan(mean_average_precision(perfect, nothing, [1, 2]))


def test_map_averages_over_thresholds():
    drawn = [ImageBoxes.of([[0, 0, 10, 10]], [1])]
    shifted = [ImageBoxes.of([[0, 0, 10, 7.2]], [1], [0.9])]
    assert mean_average_precision(shifted, drawn, [1]) == pytest.approx(0.5)


def test_boxes_match_only_within_their_image_and_class():
    drawn = [ImageBoxes.of([[0, 0, 4, 4]], [1]), ImageBoxes.of([], [])]
    elsewhere = [ImageBoxes.of([[0, 0, 4, 4]], [2], [0.9]), ImageBoxes.of([[0, 0, 4, 4]], [1], [0.9])]
    ranked = rank_boxes(elsewhere, drawn, 1)
    assert list(ranked.hit) == [False]
    assert (ranked.drawn, ranked.images) == (1, 2)


def test_froc_reads_sensitivity_at_false_positives_per_image():
    example = ranking([1, 0, 1, 0, 0, 1, 0, 0, 0, 1], drawn=5, images=2)
    sensitivity, mean = froc(example, rates=(0.25, 0.5, 1, 3))
    np.testing.assert_allclose(sensitivity, [1 / 5, 2 / 5, 2 / 5, 4 / 5])
    assert mean == pytest.approx(np.mean([1, 2, 2, 4]) / 5)


def test_froc_keeps_or_drops_equal_scores_together():
    tied = ranking([1, 1, 0, 0], drawn=2, images=1, scores=[0.9, 0.5, 0.5, 0.5])
    np.testing.assert_allclose(froc(tied, rates=(1, 2))[0], [0.5, 1.0])
    assert np.isnan(froc(ranking([], drawn=0))[1])
    assert froc(ranking([], drawn=3))[1] == 0


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=12), st.integers(0, 3))
def test_the_best_f1_is_the_best_over_all_thresholds(items, missed):
    items = sorted(items, reverse=True)
    example = ranking([h for _, h in items], sum(h for _, h in items) + missed, scores=[s for s, _ in items])
    best, at = best_f1(example)
    if not example.drawn:
        assert np.isnan(best)
        return
    assert best == pytest.approx(max([f1_at(example, s) for s in example.score], default=0.0))
    assert f1_at(example, at) == pytest.approx(best)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="one length"):
        ImageBoxes.of([[0, 0, 1, 1]], [1, 2])
    with pytest.raises(ValueError, match="images"):
        rank_boxes([], [ImageBoxes.of([], [])], 1)
