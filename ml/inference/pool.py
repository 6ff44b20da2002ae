"""From scores to what acquisition chooses from."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ml.acquisition.pool import Pool
from ml.data.manifest import Item, Manifest
from ml.data.task import Task

Scores = dict[str, np.ndarray]


def pool_from(manifest: Manifest, scores: Scores, labelled: Scores | None = None) -> Pool:
    """Candidates from ``scores`` (see :func:`ml.inference.score.score`), described by their manifest.

    ``labelled`` are scores of labelled items, for strategies that keep away from what is known already.
    """
    by_id = manifest.by_id()
    items = [by_id[str(name)] for name in scores["ids"]]
    known = [item for item in manifest.items if item.labelled and item.split != "test"]
    slices = slices_are_units(items)
    return Pool(
        ids=scores["ids"],
        probabilities=scores.get("probabilities"),
        entropy=scores.get("entropy"),
        class_entropy=scores.get("class_entropy"),
        embeddings=scores.get("embeddings"),
        labelled_embeddings=None if labelled is None else labelled.get("embeddings"),
        patients=np.array([item.patient for item in items], dtype=str),
        series=np.array([item.series for item in items], dtype=str),
        slice_position=np.array([item.position for item in items]) if slices else None,
        foreground=scores.get("foreground") if manifest.task.classes else None,
        labelled_series=np.array([item.series for item in known], dtype=str),
        labelled_slice_position=np.array([item.position for item in known]),
    )


def class_names(task: Task) -> tuple[str, ...]:
    """The columns of ``class_entropy``: the options of each question, then background and the mask classes."""
    options = [option for question in task.questions for option in question.options]
    masks = ["background", *(mask_class.name for mask_class in task.classes)] if task.classes else []
    return (*options, *masks)


def class_groups(task: Task) -> tuple[int, ...]:
    """By column of ``class_entropy``: which exclude each other. A question's options do, mask classes with their
    background do, each option of a ``multiple`` question stands alone."""
    groups: list[int] = []
    for question in task.questions:
        number = max(groups, default=-1) + 1
        alone = question.type == "multiple"
        groups += [number + (i if alone else 0) for i in range(len(question.options))]
    if task.classes:
        groups += [max(groups, default=-1) + 1] * (len(task.classes) + 1)
    return tuple(groups)


def selection_options(task: Task) -> dict[str, Any]:
    """What every strategy should be told about a task: its background and its classes' names and groups."""
    return {
        "background": background_index(task),
        "class_names": class_names(task),
        "class_groups": class_groups(task),
    }


def background_index(task: Task) -> int | None:
    """The column of the mask background, which is nothing to be unsure of; None without masks."""
    if not task.classes:
        return None
    return sum(len(question.options) for question in task.questions)


def slices_are_units(items: Sequence[Item]) -> bool:
    """Whether several items are slices of one series."""
    series = [item.series for item in items if item.series]
    return len(set(series)) < len(series)
