"""Scores as candidates: classes, groups and background as the columns lie; labels only of what is labelled."""

import numpy as np

from ml.data.manifest import FrameRef, Item, Manifest
from ml.data.task import task_from_json
from ml.inference.pool import background_index, class_groups, class_names, pool_from

TASK = task_from_json(
    {
        "questions": [
            {"key": "one", "type": "single", "options": [{"value": v} for v in "ab"]},
            {"key": "many", "type": "multiple", "options": [{"value": v} for v in "xyz"]},
        ],
        "classes": [{"index": 4, "name": "organ"}],
    }
)


def test_columns_are_named_and_grouped_in_the_order_of_class_entropy():
    assert class_names(TASK) == ("a", "b", "x", "y", "z", "background", "organ")
    assert class_groups(TASK) == (0, 0, 1, 2, 3, 4, 4)
    assert background_index(TASK) == 5


def test_candidates_follow_the_scores_order_and_slices_keep_their_positions():
    frames = (FrameRef("1-1", "/x", "y"),)
    items = tuple(
        Item(
            f"i{n}",
            "pool" if n < 3 else "train",
            frames,
            "p",
            "s",
            position=float(n),
            slices=None if n < 3 else {},
        )
        for n in range(4)
    )
    scores = {"ids": np.array(["i2", "i0", "i1"]), "entropy": np.array([0.2, 0.0, 0.1])}
    pool = pool_from(Manifest(TASK, items), scores)
    assert pool.slice_position.tolist() == [2, 0, 1]
    assert pool.labelled_slice_position.tolist() == [3]
    assert pool.patients.tolist() == ["p", "p", "p"]
