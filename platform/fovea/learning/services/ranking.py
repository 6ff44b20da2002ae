"""From scores to places in the queue: a strategy chooses the first, the score places the rest, one statement writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection, transaction

from annotations.models import Item
from annotations.selectors import schema_current
from fovea.datasets.models import Project
from fovea.learning.folders import LABELLED, SCORES, folder_path
from fovea.learning.models import UNRANKED, QueueEntry, QueueState, TrainedModel
from fovea.learning.selectors.queue import queue_counts
from fovea.learning.services.locks import ranks_own
from fovea.learning.services.score_rows import copy_rows
from fovea.learning.services.settings import selection_options, settings_of
from ml.acquisition.registry import STRATEGIES, Pool, Selection, select

CHOSEN = 100
"""How many places a strategy fills under its caps and random share; a new ranking is due when they are used up."""

FRONT = 20_000
"""How many places are given at most; what lies behind keeps its cold-start place until a ranking reaches it."""

BY_SCORE = "Next in line by its score"


Place = tuple[int, float, str, bool]
"""Item, score, reason, whether drawn by the honest random share."""


@dataclass(frozen=True)
class Plan:
    """A ranking to be written: places from the first on, by which strategy, and what it had to say."""

    strategy: str
    rows: list[Place]
    note: str


def rank_plan(project: Project, model: TrainedModel | None) -> Plan:
    """Rank what waits by the project's strategy, from the scores that the model has made.

    Without a model only strategies that need no scores say anything; others fall back to chance and say so.
    """
    settings = settings_of(project)
    card = STRATEGIES[settings.strategy]
    pool = pool_of(project, model, with_embeddings=needs_embeddings(card.name))
    rng = np.random.default_rng([project.pk, model.pk if model else 0, queue_counts(project.pk)["done"]])
    options = selection_options(settings) | _task_options(project, model)
    selection = select(card.name, pool, min(CHOSEN, len(pool)), rng=rng, options=options)
    return Plan(card.name, list(_places(pool, selection))[:FRONT], selection.note)


def needs_embeddings(strategy: str) -> bool:
    """Whether the strategy looks at embeddings, of what waits and of what is labelled."""
    return "embeddings" in STRATEGIES[strategy].needs


def pool_of(project: Project, model: TrainedModel | None, *, with_embeddings: bool) -> Pool:
    """What waits, as arrays: its measures by the model, and which patient, series and slice it is.

    What the model has not scored yet is left out: it keeps its place until it is.
    """
    ids = np.array(
        QueueEntry.objects.filter(project=project, state=QueueState.WAITING)
        .order_by("item_id")
        .values_list("item_id", flat=True),
        dtype=np.int64,
    )
    names = ["entropy", "class_entropy", "probabilities", "foreground"]
    measures = _measures(model, ids, [*names, "embeddings"] if with_embeddings else names)
    if model:
        scored = np.isfinite(measures["entropy"]) if measures else np.zeros(len(ids), dtype=bool)
        ids, measures = ids[scored], {name: values[scored] for name, values in measures.items()}
    if with_embeddings and model and (path := folder_path(model.folder) / LABELLED / "scores.npz").exists():
        with np.load(path, allow_pickle=False) as scores:
            measures["labelled_embeddings"] = scores["embeddings"]
    return Pool(ids=ids, **measures, **_places_in_series(project, ids))


def ranks_write(project_id: int, strategy: str, rows: list[Place]) -> None:
    """Give (item, score, reason, random) rows the places 1, 2, …; what had a place and has none now goes behind them.

    One UPDATE, while `queue_next` waits for its end; only rows that change are written.
    """
    table = (
        (item, place, score, reason[:200], drawn)
        for place, (item, score, reason, drawn) in enumerate(rows, 1)
    )
    with transaction.atomic():
        copy_rows("new_ranks", "item_id bigint, rank int, score float8, reason text, is_random bool", table)
        ranks_own(project_id)
        with connection.cursor() as cursor:
            cursor.execute(
                """
                UPDATE learning_queueentry AS q
                SET rank = COALESCE(n.rank, %(behind)s), score = n.score, strategy = %(strategy)s,
                    reason = COALESCE(n.reason, ''), is_random = COALESCE(n.is_random, FALSE)
                FROM learning_queueentry AS e LEFT JOIN new_ranks AS n ON n.item_id = e.item_id
                WHERE q.item_id = e.item_id AND e.project_id = %(project)s AND e.state = 'waiting'
                  AND (n.item_id IS NOT NULL OR e.rank < %(behind)s)
                """,
                {"behind": UNRANKED, "strategy": strategy, "project": project_id},
            )


def _places(pool: Pool, selection: Selection) -> Iterator[Place]:
    """The chosen in their order, then all others by score, highest first."""
    for index, reason, drawn in zip(selection.order, selection.reasons, selection.random, strict=True):
        yield int(pool.ids[index]), float(selection.score[index]), reason, bool(drawn)
    rest = np.ones(len(pool), dtype=bool)
    rest[selection.order] = False
    others = np.flatnonzero(rest)
    for index in others[np.argsort(-selection.score[others], kind="stable")][:FRONT]:
        yield int(pool.ids[index]), float(selection.score[index]), BY_SCORE, False


def _measures(model: TrainedModel | None, ids: np.ndarray, names: list[str]) -> dict[str, Any]:
    """The model's measures of the items, NaN where it has not scored one."""
    found: dict[str, Any] = {}
    files = sorted((folder_path(model.folder) / SCORES).glob("*/scores.npz")) if model else []
    for path in files:
        with np.load(path, allow_pickle=False) as scores:
            _, mine, theirs = np.intersect1d(ids, scores["ids"].astype(np.int64), return_indices=True)
            for name in (name for name in names if name in scores.files):
                values = scores[name]
                if name not in found:
                    found[name] = np.full((len(ids), *values.shape[1:]), np.nan, dtype=np.float32)
                found[name][mine] = values[theirs]
    return found


def _places_in_series(project: Project, ids: np.ndarray) -> dict[str, Any]:
    """Patient, series and slice number of each item, and those of the slices labelled before."""
    rows = Item.objects.filter(project=project).order_by("series_id", "id")
    table = np.array(list(rows.values_list("id", "series_id", "patient_id")), dtype=np.int64).reshape(-1, 3)
    _, starts, sizes = np.unique(table[:, 1], return_index=True, return_counts=True)
    position = np.arange(len(table)) - np.repeat(starts, sizes)
    done = np.isin(table[:, 0], _done(project))
    at = np.searchsorted(table[:, 0], ids, sorter=np.argsort(table[:, 0]))
    mine = np.argsort(table[:, 0])[at]
    several = np.repeat(sizes, sizes)[mine] > 1
    return {
        "patients": table[mine, 2].astype(str),
        "series": np.where(several, table[mine, 1].astype(str), ""),
        "slice_position": position[mine].astype(float),
        "labelled_series": table[done, 1].astype(str),
        "labelled_slice_position": position[done].astype(float),
    }


def _done(project: Project) -> np.ndarray:
    entries = QueueEntry.objects.filter(project=project, state=QueueState.DONE)
    return np.array(list(entries.values_list("item_id", flat=True)), dtype=np.int64)


def _task_options(project: Project, model: TrainedModel | None) -> dict[str, Any]:
    """What the model's classes are called, in the order of its class-wise measures, and which round this is."""
    schema = schema_current(project)
    if schema is None:
        return {}
    questions, classes = schema.spec["questions"], schema.spec["classes"]
    names = [option["label"] for question in questions for option in question["options"]]
    # Classes of one question are weighed against each other; each option of a multiple one stands for itself.
    groups = [
        (place, number if question["type"] == "multiple" else 0)
        for place, question in enumerate(questions)
        for number in range(len(question["options"]))
    ]
    options: dict[str, Any] = {"round": max(0, model.number - 1) if model else 0}
    if classes:
        options["background"] = len(names)
        names += ["background", *(entry["name"] for entry in classes)]
        groups += [(len(questions), 0)] * (len(classes) + 1)
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    return options | {"class_names": tuple(names), "class_groups": tuple(numbers[group] for group in groups)}
