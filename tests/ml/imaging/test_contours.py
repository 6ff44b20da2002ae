import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ml.imaging import contours

masks = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=14))
rings = hnp.arrays(
    np.float64,
    st.tuples(st.integers(3, 8), st.just(2)),
    elements=st.floats(-5, 20, allow_nan=False).map(lambda value: round(value, 2)),
)


@given(masks)
def test_tracing_and_filling_give_the_mask_back(mask):
    assert np.array_equal(contours.fill_polygons(contours.trace_contours(mask), mask.shape), mask)


@given(masks)
def test_rings_turn_at_every_point(mask):
    for ring in contours.trace_contours(mask):
        steps = np.roll(ring, -1, axis=0) - ring
        horizontal = steps[:, 1] == 0
        assert np.all((steps != 0).sum(axis=1) == 1)
        assert np.all(horizontal != np.roll(horizontal, 1))


@given(masks)
def test_outer_rings_less_holes_have_the_masks_area(mask):
    found = contours.trace_contours(mask)
    inside = [sum(bool(_winds(other, ring[0])) for other in found if other is not ring) for ring in found]
    signed = sum(contours.area(ring) * (-1) ** depth for ring, depth in zip(found, inside, strict=True))
    assert signed == mask.sum()


@given(rings)
def test_filling_agrees_with_testing_each_pixel_centre(ring):
    filled = contours.fill_polygons([ring], (12, 15))
    expected = [[_winds(ring, (x, y)) for x in range(15)] for y in range(12)]
    assert np.array_equal(filled, expected)


@given(rings)
def test_filling_does_not_depend_on_where_a_ring_starts_or_which_way_it_runs(ring):
    filled = contours.fill_polygons([ring], (12, 15))
    assert np.array_equal(contours.fill_polygons([np.roll(ring, 1, axis=0)], (12, 15)), filled)


@given(st.floats(-3, 14), st.floats(-3, 14))
def test_polygons_that_share_a_border_share_no_pixel(x, y):
    corners = [(-4, -4), (16, -4), (16, 16), (-4, 16)]
    parts = [
        contours.fill_polygons([[corners[k], corners[(k + 1) % 4], (x, y)]], (12, 12)).astype(int)
        for k in range(4)
    ]
    assert np.all(sum(parts) == 1)


def test_a_box_covers_the_pixels_whose_centres_it_holds():
    filled = contours.fill_polygons([[(-0.5, -0.5), (2.5, -0.5), (2.5, 1.5), (-0.5, 1.5)]], (4, 5))
    assert filled.sum() == 6
    assert filled[:2, :3].all()


def test_holes_and_touching_corners():
    mask = np.ones((5, 5), bool)
    mask[2, 2] = False
    assert len(contours.trace_contours(mask)) == 2
    assert len(contours.trace_contours(np.eye(3, dtype=bool))) == 3
    assert len(contours.trace_contours(np.eye(3, dtype=bool)[::-1])) == 3
    assert contours.trace_contours(np.zeros((3, 3), bool)) == []


@given(masks, st.floats(0.1, 3))
def test_simplified_rings_stay_within_the_tolerance(mask, tolerance):
    for ring in contours.trace_contours(mask):
        short = contours.simplify(ring, tolerance)
        assert 3 <= len(short) <= len(ring)
        starts, ends = short, np.roll(short, -1, axis=0)
        for point in ring:
            nearest = min(_to_segment(point, a, b) for a, b in zip(starts, ends, strict=True))
            assert nearest <= tolerance + 1e-9


def test_a_circle_needs_few_points():
    angle = np.linspace(0, 2 * np.pi, 1000, endpoint=False)
    circle = np.column_stack((100 + 50 * np.cos(angle), 100 + 50 * np.sin(angle)))
    short = contours.simplify(circle, 0.5)
    assert 10 < len(short) < 40
    filled, again = (contours.fill_polygons([ring], (200, 200)) for ring in (circle, short))
    assert 2 * (filled & again).sum() / (filled.sum() + again.sum()) > 0.99


@pytest.mark.parametrize("ring", [[1, 2, 3], [[1, 2, 3]], [[float("nan"), 1], [2, 3], [4, 5]]])
def test_what_is_no_ring_is_refused(ring):
    with pytest.raises(ValueError):
        contours.fill_polygons([ring], (4, 4))


def _winds(ring, point) -> bool:
    """Even-odd rule by counting crossings to the left of a point, edges half-open as in `fill_polygons`."""
    inside = False
    for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        if y0 > y1:
            x0, y0, x1, y1 = x1, y1, x0, y0
        if y0 <= point[1] < y1 and x0 + (point[1] - y0) / (y1 - y0) * (x1 - x0) <= point[0]:
            inside = not inside
    return inside


def _to_segment(point, start, end) -> float:
    along = end - start
    t = np.clip((point - start) @ along / max(along @ along, 1e-12), 0, 1)
    return float(np.hypot(*(point - start - t * along)))
