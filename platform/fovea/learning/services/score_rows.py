"""Bulk writes: COPY into a temporary table, then one statement."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from django.db import connection, transaction

_DETAILS = ("confidence", "foreground", "bald")


def scores_write(model_id: int, scores: dict[str, np.ndarray]) -> int:
    """Write a model's scores.npz (arrays over N items) to Score rows; items that are gone are left out."""
    ids = scores["ids"]
    if not len(ids):
        return 0
    details = {name: np.round(scores[name], 4).tolist() for name in _DETAILS if name in scores}
    uncertainty = scores["entropy"].astype(float).tolist()
    rows = (
        (int(item), uncertainty[i], json.dumps({name: values[i] for name, values in details.items()}))
        for i, item in enumerate(ids)
    )
    with transaction.atomic():
        copy_rows("new_scores", "item_id bigint, uncertainty float8, details jsonb", rows)
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO learning_score (model_id, item_id, uncertainty, details)
                SELECT %s, n.item_id, n.uncertainty, n.details
                FROM new_scores n JOIN annotations_item i ON i.id = n.item_id
                ON CONFLICT (model_id, item_id)
                DO UPDATE SET uncertainty = excluded.uncertainty, details = excluded.details
                """,
                [model_id],
            )
            return cursor.rowcount


def copy_rows(table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    """Make a temporary table that lives until the transaction ends, and COPY rows into it (None = NULL)."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {table}")
        cursor.execute(f"CREATE TEMPORARY TABLE {table} ({columns}) ON COMMIT DROP")
        with cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(f"ANALYZE {table}")
