"""Masks ↔ polygons.

A point is (x, y) = (column, row) with (0, 0) at the centre of the top-left pixel, so a pixel's border runs at ±0.5.
A region is a list of closed rings (the last point is not repeated) read by the even-odd rule: a ring inside another
is a hole.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Ring = npt.NDArray[np.float64]
Binary = npt.NDArray[np.bool_]


def fill_polygons(rings: Iterable[Sequence[Sequence[float]] | Ring], shape: tuple[int, int]) -> Binary:
    """Rasterise rings into a boolean mask [row, column] of `shape` (rows, columns).

    A pixel is inside when its centre is (even-odd rule). Edges are half-open, so that polygons which share a border
    never both claim a pixel. Parts outside the image are cut off. Raises ValueError for a ring that is not [n, 2]
    finite numbers.
    """
    rows, columns = shape
    toggles = np.zeros((rows, columns + 1), np.int32)
    for ring in rings:
        points = _as_ring(ring)
        if len(points) >= 3:
            at_row, at_x = _crossings(points, rows)
            np.add.at(toggles, (at_row, np.clip(np.ceil(at_x), 0, columns).astype(np.int64)), 1)
    return np.cumsum(toggles[:, :columns], axis=1) % 2 == 1


def trace_contours(mask: npt.NDArray[np.generic]) -> list[Ring]:
    """The rings around the non-zero pixels of a mask [row, column], along pixel borders, corners only.

    `fill_polygons(trace_contours(mask), mask.shape)` is the mask again. Pixels that touch at a corner only are in
    rings of their own (4-connectivity).
    """
    x, y, across, along = _corners(np.pad(np.asarray(mask) != 0, 1))
    seen = np.zeros(x.size, bool)
    rings = []
    for start in range(x.size):
        if seen[start]:
            continue
        path, at = [], start
        while not seen[at]:
            seen[at] = True
            partner = int(across[at])
            seen[partner] = True
            path += [at, partner]
            at = int(along[partner])
        rings.append(np.column_stack((x[path] - 1.5, y[path] - 1.5)))
    return rings


def simplify(ring: Ring, tolerance: float) -> Ring:
    """Fewer points: none of those left out was farther than `tolerance` pixels from the new outline.

    Douglas and Peucker, Cartographica 10 (1973), on the two halves of the ring between its first point and the one
    farthest from it. Rings keep at least three points.
    """
    points = _as_ring(ring)
    if len(points) <= 3:
        return points
    far = int(np.argmax(((points - points[0]) ** 2).sum(axis=1)))
    keep = np.zeros(len(points) + 1, bool)
    keep[[0, far, -1]] = True
    closed = np.vstack((points, points[:1]))
    spans = [(0, far), (far, len(points))]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        distance = _distance(closed[first + 1 : last], closed[first], closed[last])
        worst = int(np.argmax(distance))
        if distance[worst] > tolerance:
            middle = first + 1 + worst
            keep[middle] = True
            spans += [(first, middle), (middle, last)]
    kept = np.flatnonzero(keep[:-1])
    return points[kept] if kept.size >= 3 else points[_three(points, kept)]


def area(ring: Sequence[Sequence[float]] | Ring) -> float:
    """Area inside a ring in square pixels (shoelace formula), whatever its direction."""
    x, y = _as_ring(ring).T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def _as_ring(ring: Sequence[Sequence[float]] | Ring) -> Ring:
    points = np.asarray(ring, np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or not np.all(np.isfinite(points)):
        raise ValueError("a ring is a list of finite points (x, y)")
    return points


def _crossings(points: Ring, rows: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Where the edges cross the rows of pixel centres: (row, x) pairs, rows in the image only."""
    start, end = points, np.roll(points, -1, axis=0)
    upward = start[:, 1] > end[:, 1]
    low, high = np.where(upward[:, None], end, start), np.where(upward[:, None], start, end)
    first = np.clip(np.ceil(low[:, 1]), 0, rows).astype(np.int64)
    last = np.clip(np.ceil(high[:, 1]), 0, rows).astype(np.int64)
    counts = np.maximum(last - first, 0)
    edge = np.repeat(np.arange(len(points)), counts)
    at_row = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
    fraction = (at_row - low[edge, 1]) / (high[edge, 1] - low[edge, 1])
    return at_row, low[edge, 0] + fraction * (high[edge, 0] - low[edge, 0])


def _corners(inside: Binary) -> tuple[npt.NDArray[np.int64], ...]:
    """The corners (x, y) of the outline of a padded mask, with each one's partner across (same row) and along
    (same column).

    At a corner the four pixels around it hold an odd number of ones; where two diagonal ones meet there are two
    corners in one place, told apart so that the outlines turn and do not cross.
    """
    a, b, c, d = inside[:-1, :-1], inside[:-1, 1:], inside[1:, :-1], inside[1:, 1:]
    single = a ^ b ^ c ^ d
    saddle = (a == d) & (b == c) & (a != b)
    ys, xs = np.nonzero(single | saddle)
    twice = np.where(saddle[ys, xs], 2, 1)
    y, x = np.repeat(ys, twice), np.repeat(xs, twice)
    second = np.zeros(x.size, np.int64)
    second[np.cumsum(twice)[twice == 2] - 1] = 1
    # Of two corners in one place the first takes the border to the left, the second that to the right. The border
    # upward belongs to the left one where the upper left pixel is inside, else to the right one.
    downward = np.where(a[y, x], second, 1 - second)
    across = _pair(np.lexsort((second, x, y)))
    along = _pair(np.lexsort((downward, y, x)))
    return x + 1, y + 1, across, along


def _pair(order: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Partners of each index when an ordering is taken two by two."""
    partner = np.empty_like(order)
    partner[order[0::2]], partner[order[1::2]] = order[1::2], order[0::2]
    return partner


def _distance(points: Ring, start: Ring, end: Ring) -> npt.NDArray[np.float64]:
    """Distance of points from the segment start–end."""
    along = end - start
    length = float(along @ along)
    if length == 0:
        return np.asarray(np.hypot(*(points - start).T))
    t = np.clip((points - start) @ along / length, 0, 1)
    return np.asarray(np.hypot(*(points - (start + t[:, None] * along)).T))


def _three(points: Ring, kept: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The kept indices and the one farthest from their line: a ring is at least a triangle."""
    distance = _distance(points, points[kept[0]], points[kept[-1]])
    return np.unique([*kept.tolist(), int(np.argmax(distance))])
