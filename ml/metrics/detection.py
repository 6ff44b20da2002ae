"""Boxes found against boxes drawn: matching, average precision, FROC, F1.

Boxes are [x, y, width, height] in pixels, edges at pixel borders, as everywhere in Fovea. A found box matches
at most one drawn box of its class and image, the one of largest IoU not matched by a surer one (COCO's rule).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

COCO_THRESHOLDS = tuple(0.5 + 0.05 * step for step in range(10))
FROC_RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class ImageBoxes:
    """Boxes of one image: boxes [K, 4], classes [K], and scores [K] when found by a model."""

    boxes: NDArray[np.float64]
    classes: NDArray[np.int64]
    scores: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    @classmethod
    def of(cls, boxes: ArrayLike, classes: ArrayLike, scores: ArrayLike = ()) -> ImageBoxes:
        """From lists, also empty ones; ValueError when lengths differ."""
        rows = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
        kinds, sure = np.asarray(classes, dtype=np.int64), np.asarray(scores, dtype=np.float64)
        if len(kinds) != len(rows) or (sure.size and len(sure) != len(rows)):
            raise ValueError("boxes, classes and scores must be of one length")
        return cls(rows, kinds, sure)


@dataclass(frozen=True)
class Ranking:
    """Found boxes of a class, surest first: score [D], hit [D] bool; how many were drawn in how many images."""

    score: NDArray[np.float64]
    hit: NDArray[np.bool_]
    drawn: int
    images: int


def box_iou(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Intersection over union of boxes [N, 4] with boxes [M, 4], as [N, M]; 0 where both have no area."""
    a, b = (
        np.asarray(first, dtype=np.float64).reshape(-1, 4),
        np.asarray(second, dtype=np.float64).reshape(-1, 4),
    )
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, :2] + a[:, None, 2:], b[None, :, :2] + b[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    union = a[:, None, 2:].prod(axis=2) + b[None, :, 2:].prod(axis=2) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def match_boxes(
    found: ArrayLike, scores: ArrayLike, drawn: ArrayLike, *, threshold: float = 0.5
) -> NDArray[np.int64]:
    """For each found box [N, 4] the index of the drawn box [M, 4] it matches, or -1, [N].

    Surest first, each takes the free drawn box of largest IoU, if that reaches `threshold`.
    """
    overlaps = box_iou(found, drawn)
    matched = np.full(len(overlaps), -1, dtype=np.int64)
    if not overlaps.size:
        return matched
    for index in np.argsort(-np.asarray(scores, dtype=np.float64), kind="stable"):
        best = int(overlaps[index].argmax())
        if overlaps[index, best] >= threshold:
            matched[index] = best
            overlaps[:, best] = -1
    return matched


def rank_boxes(
    found: Sequence[ImageBoxes], drawn: Sequence[ImageBoxes], label: int, *, threshold: float = 0.5
) -> Ranking:
    """Match the boxes of one class image by image and pool them, surest first.

    found, drawn: one entry per image, same order, also for images without boxes. Raises ValueError for
    different numbers of images.
    """
    if len(found) != len(drawn):
        raise ValueError(f"{len(found)} images with found boxes, {len(drawn)} with drawn ones")
    scores, hits, total = [np.empty(0)], [np.empty(0, dtype=bool)], 0
    for guess, truth in zip(found, drawn, strict=True):
        mine, theirs = guess.classes == label, truth.classes == label
        sure = guess.scores[mine]
        scores.append(sure)
        hits.append(match_boxes(guess.boxes[mine], sure, truth.boxes[theirs], threshold=threshold) >= 0)
        total += int(theirs.sum())
    score, hit = np.concatenate(scores), np.concatenate(hits)
    order = np.argsort(-score, kind="stable")
    return Ranking(score[order], hit[order], total, len(found))


def average_precision(ranking: Ranking, *, points: int | None = None) -> float:
    """Area under precision over recall, precision made falling (VOC 2010); NaN when nothing was drawn.

    points 101 samples the curve at 101 recalls instead, as COCO does.
    """
    if not ranking.drawn:
        return float("nan")
    hits = np.cumsum(ranking.hit)
    recall = hits / ranking.drawn
    precision = hits / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    if points is None:
        return float((np.diff(recall, prepend=0) * envelope).sum())
    at = np.searchsorted(recall, np.linspace(0, 1, points), side="left")
    return float(np.append(envelope, 0)[at].mean())


def mean_average_precision(
    found: Sequence[ImageBoxes],
    drawn: Sequence[ImageBoxes],
    labels: Sequence[int],
    *,
    thresholds: Sequence[float] = COCO_THRESHOLDS,
    points: int | None = 101,
) -> float:
    """AP averaged over IoU thresholds and classes (COCO: .50 to .95); classes never drawn are left out."""
    values = [
        average_precision(rank_boxes(found, drawn, label, threshold=threshold), points=points)
        for label in labels
        for threshold in thresholds
    ]
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def froc(ranking: Ranking, *, rates: Sequence[float] = FROC_RATES) -> tuple[NDArray[np.float64], float]:
    """Sensitivity at given mean numbers of false positives per image, and their mean (LUNA16, Setio 2017).

    Only between equal scores is the order arbitrary; a threshold keeps or drops them together. NaN when
    nothing was drawn.
    """
    if not ranking.drawn or not ranking.images:
        return np.full(len(rates), np.nan), float("nan")
    last_of_tie = np.append(np.diff(ranking.score) != 0, True)[: len(ranking.score)]
    hits = np.concatenate([[0], np.cumsum(ranking.hit)[last_of_tie]])
    alarms = np.concatenate([[0], np.cumsum(~ranking.hit)[last_of_tie]]) / ranking.images
    at = np.searchsorted(alarms, np.asarray(rates), side="right") - 1
    sensitivity = hits[at] / ranking.drawn
    return sensitivity, float(sensitivity.mean())


def f1_at(ranking: Ranking, score: float) -> float:
    """2 TP / (found + drawn) with the boxes scored `score` or more; NaN when nothing is found or drawn."""
    kept = ranking.score >= score
    total = int(kept.sum()) + ranking.drawn
    return 2 * int(ranking.hit[kept].sum()) / total if total else float("nan")


def best_f1(ranking: Ranking) -> tuple[float, float]:
    """The largest F1 and the score at which it is reached; to be chosen on validation data only."""
    if not ranking.drawn or not len(ranking.score):
        return (0.0 if ranking.drawn else float("nan")), float("inf")
    f1 = 2 * np.cumsum(ranking.hit) / (np.arange(1, len(ranking.hit) + 1) + ranking.drawn)
    f1[~np.append(np.diff(ranking.score) != 0, True)] = -1
    best = int(f1.argmax())
    return float(f1[best]), float(ranking.score[best])
