"""How long a reader waits for the next item, at 1 thousand, 100 thousand and 1 million waiting items.

    python benchmarks/bench_queue.py [--rows 1000 100000 1000000] [--reads 300] [--json]

Makes a database of its own on the configured PostgreSQL, fills it by generate_series, and drops it at the end. A read is
what a reader does: submit the item held, take the next one. Twenty other readers hold items at the front. `lease` is the
service alone, `document` the whole answer of POST queue/next/ (lease, schema, frames, labels, proposal, history).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fovea.settings")

FILL = """
INSERT INTO annotations_item
    (project_id, series_id, instance_id, patient_id, split, cluster, state, flagged, flag_note, created_at)
SELECT {project}, {series}, {instance}, {patient}, '', '', 'open', FALSE, '', now()
FROM generate_series(1, {rows});
INSERT INTO learning_queueentry (item_id, project_id, state, rank, strategy, reason, is_random)
SELECT id, project_id, 'waiting', 1 + (id * 7919) % {rows}, 'clasp', 'The model is unsure about this image', FALSE
FROM annotations_item WHERE project_id = {project};
"""


def make_project(rows: int) -> tuple[object, object]:
    """A project of `rows` waiting items, all showing one image, and a reader; other readers hold twenty items."""
    from django.db import connection

    from annotations.models import LabelSchema
    from fovea.accounts.models import User
    from fovea.datasets.models import (
        Blob,
        Dataset,
        Instance,
        Membership,
        Patient,
        Project,
        Series,
        Study,
    )  # fmt: skip
    from fovea.learning.services.queue import queue_next

    dataset = Dataset.objects.create(slug=f"bench-{rows}", name="Bench")
    project = Project.objects.create(dataset=dataset, slug=f"bench-{rows}", name="Bench")
    LabelSchema.objects.create(project=project, number=1, spec={"questions": [], "classes": [], "boxes": []})
    patient = Patient.objects.create(dataset=dataset, key="p")
    study = Study.objects.create(dataset=dataset, patient=patient, uid="1.2")
    series = Series.objects.create(dataset=dataset, study=study, uid="1.2.3", frame_count=1)
    blob, _ = Blob.objects.get_or_create(sha256="0" * 64, defaults={"size": 1})
    instance = Instance.objects.create(
        dataset=dataset, series=series, sop_uid="1.2.3.4", source=blob, rows=8, columns=8, frames=1
    )
    names = {"project": project.pk, "series": series.pk, "instance": instance.pk, "patient": patient.pk}
    with connection.cursor() as cursor:
        cursor.execute(FILL.format(rows=rows, **names))
        cursor.execute("VACUUM ANALYZE annotations_item, learning_queueentry")
    people = [User.objects.create(username=f"reader-{rows}-{n}") for n in range(21)]
    for person in people:
        Membership.objects.create(project=project, user=person, role="radiologist")
    for person in people[1:]:
        queue_next(actor=person, project=project)
    return project, people[0]


def measure(read: Callable[[], int], reads: int) -> dict[str, float]:
    """Milliseconds of `read`, median and 95th percentile, with the item submitted between two reads."""
    from fovea.learning.services.entries import entries_done

    times = []
    for _ in range(reads):
        start = time.perf_counter()
        item = read()
        times.append((time.perf_counter() - start) * 1000)
        entries_done([item])
    times.sort()
    return {"p50": times[len(times) // 2], "p95": times[int(len(times) * 0.95)]}


def bench(rows: int, reads: int) -> dict[str, object]:
    """Both latencies at one length of the queue."""
    from rest_framework.test import APIClient

    from fovea.learning.services.queue import queue_next

    project, reader = make_project(rows)
    client = APIClient()
    client.force_login(reader)
    address = f"/api/v1/projects/{project.slug}/queue/next/"
    return {
        "rows": rows,
        "lease": measure(lambda: queue_next(actor=reader, project=project).item_id, reads),
        "document": measure(lambda: client.post(address, HTTP_HOST="localhost").json()["id"], reads),
    }


def main() -> None:
    """Run and print; ratios are against the shortest queue of the same run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--reads", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    django.setup()
    from django.db import connection

    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX one_item_per_image")  # all items of the benchmark show one image
        results = [bench(rows, min(chosen.reads, rows // 4)) for rows in chosen.rows]
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    if chosen.json:
        print(json.dumps(results))
        return
    print("next item, milliseconds (× the shortest queue of this run)")
    for result in results:
        for what in ("lease", "document"):
            ratios = {p: result[what][p] / results[0][what][p] for p in ("p50", "p95")}
            words = ", ".join(f"{p} {result[what][p]:6.1f} (×{ratios[p]:.2f})" for p in ratios)
            print(f"{result['rows']:>9,} waiting  {what:<8}  {words}")


if __name__ == "__main__":
    main()
