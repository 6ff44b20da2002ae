"""Serving a frame: a range read from the index made at ingest, against opening the file with pydicom for each
request.

    python benchmarks/bench_frames.py [--requests 300] [--json]

Makes a database of its own on the configured PostgreSQL and drops it at the end. The same bytes are served by
both, to the same signed-in reader, through the same middleware. `request` is the whole answer over ASGI,
`bytes` only the getting of the frame's bytes. Two files: a CT slice (512 × 512, 16 bits), and 120 such frames
in one file.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Any

import django
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, ExplicitVRLittleEndian, generate_uid

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fovea.settings")

SIDE = 512


def sample(frames: int) -> bytes:
    """A made-up CT object of so many frames, uncompressed."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = EnhancedCTImageStorage if frames > 1 else CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    made = Dataset()
    made.file_meta = meta
    made.SOPClassUID, made.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    made.StudyInstanceUID, made.SeriesInstanceUID = generate_uid(), generate_uid()
    made.PatientID, made.Modality, made.NumberOfFrames = "made-up", "CT", frames
    made.Rows = made.Columns = SIDE
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated = made.BitsStored = 16
    made.HighBit, made.PixelRepresentation = 15, 0
    made.PixelData = np.random.default_rng(0).integers(0, 4096, (frames, SIDE, SIDE), np.uint16).tobytes()
    out = io.BytesIO()
    pydicom.dcmwrite(out, made, enforce_file_format=True)
    return out.getvalue()


def bytes_by_pydicom(path: Path, number: int) -> bytes:
    """A frame's stored bytes, as a server without an index gets them."""
    dataset = pydicom.dcmread(path)
    size = dataset.Rows * dataset.Columns * dataset.BitsAllocated // 8
    return bytes(dataset.PixelData[(number - 1) * size : number * size])


def pydicom_view(request: Any, instance: int, number: int) -> Any:
    """The route to compare with: sign-in, permission and bytes looked up for each request."""
    from django.http import HttpResponse

    from fovea.accounts.access import Scope, require
    from fovea.core.storage import blob_path
    from fovea.datasets.models import Instance

    row = Instance.objects.get(pk=instance)
    require(request.user, "dataset.view", Scope("dataset", row.dataset_id))
    return HttpResponse(
        bytes_by_pydicom(blob_path(row.source_id), number), content_type="application/octet-stream"
    )


def timed(work: Callable[[int], object], requests: int) -> float:
    """The median of so many runs, in ms; the first ones do not count."""
    took = []
    for number in range(requests + 5):
        started = time.perf_counter()
        work(number)
        took.append(1000 * (time.perf_counter() - started))
    return median(took[5:])


async def timed_requests(get: Callable[[int], Awaitable[Any]], requests: int, size: int) -> float:
    """The median answer time of so many requests, one after the other, in ms."""
    took = []
    for number in range(requests + 5):
        started = time.perf_counter()
        answer = await get(number)
        took.append(1000 * (time.perf_counter() - started))
        assert answer.status_code == 200, answer.content
        assert len(answer.content) == size
    return median(took[5:])


async def measure_requests(user: Any, refs: list[Any], requests: int) -> tuple[float, float]:
    """(ours, pydicom's) whole answers in ms, over ASGI."""
    from django.test import AsyncClient

    client = AsyncClient()
    await client.aforce_login(user)
    size = SIDE * SIDE * 2
    naive = [f"/by-pydicom/{ref.instance_id}/{ref.number}" for ref in refs]
    ours = await timed_requests(lambda n: client.get(refs[n % len(refs)].image_id), requests, size)
    theirs = await timed_requests(lambda n: client.get(naive[n % len(refs)]), requests, size)
    return ours, theirs


def measure(user: Any, refs: list[Any], requests: int) -> dict[str, float]:
    """Both ways for one series' frames."""
    from fovea.core.storage import blob_read
    from fovea.datasets.models import Instance

    rows = {row.pk: row for row in Instance.objects.filter(pk__in={ref.instance_id for ref in refs})}

    def ours(number: int) -> bytes:
        ref = refs[number % len(refs)]
        row = rows[ref.instance_id]
        return blob_read(row.frames_blob_id, row.offsets[ref.number - 1], row.lengths[ref.number - 1])

    def theirs(number: int) -> bytes:
        ref = refs[number % len(refs)]
        return bytes_by_pydicom(ref.path, ref.number)

    assert all(ours(number) == theirs(number) for number in range(len(refs)))
    by_index, by_pydicom = timed(ours, requests), timed(theirs, requests)
    request_ours, request_theirs = asyncio.run(measure_requests(user, refs, requests))
    return {
        "bytes_ms": by_index,
        "bytes_pydicom_ms": by_pydicom,
        "bytes_ratio": by_pydicom / by_index,
        "request_ms": request_ours,
        "request_pydicom_ms": request_theirs,
        "request_ratio": request_theirs / request_ours,
    }


def imported(user: Any, frames: int) -> list[Any]:
    """The frames of a dataset that holds one made-up object."""
    from fovea.core.storage import blob_put
    from fovea.datasets.models import Series
    from fovea.datasets.selectors.frames import frames_of
    from fovea.datasets.services.datasets import dataset_create
    from fovea.datasets.services.imports import import_create, import_run

    dataset = dataset_create(actor=user, name=f"frames {frames}")
    files = [("made-up.dcm", blob_put(sample(frames)))]
    assert import_run(import_create(actor=user, dataset=dataset, files=files)) == {"stored": 1}
    return frames_of(Series.objects.select_related("dataset", "study").get(dataset=dataset))


def install_route() -> None:
    """Add the compared route to this process's addresses."""
    from django.urls import clear_url_caches, path

    from fovea import urls

    urls.urlpatterns.insert(0, path("by-pydicom/<int:instance>/<int:number>", pydicom_view))
    clear_url_caches()


def run(requests: int) -> dict[str, dict[str, float]]:
    """All measurements, on a database that is made and dropped."""
    from django.conf import settings
    from django.db import connection

    from fovea.accounts.models import User

    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        with tempfile.TemporaryDirectory(prefix="fovea-bench-frames-") as folder:
            settings.BLOB_ROOT = settings.CACHE_ROOT = Path(folder)
            settings.ALLOWED_HOSTS = ["testserver"]
            install_route()
            user = User.objects.create_user("bench", is_superuser=True)
            return {
                name: measure(user, imported(user, frames), requests)
                for name, frames in (("one slice a file", 1), ("120 frames in a file", 120))
            }
    finally:
        with connection.cursor() as cursor:  # the test client's threads keep their connections
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        connection.creation.destroy_test_db(name, verbosity=0)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Frame serving against pydicom per request.")
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    django.setup()
    found = run(options.requests)
    if options.json:
        print(json.dumps(found))
        return
    for name, numbers in found.items():
        for what in ("bytes", "request"):
            ours, theirs = numbers[f"{what}_ms"], numbers[f"{what}_pydicom_ms"]
            print(
                f"{name:22} {what:8} {ours:8.2f} ms  pydicom {theirs:8.2f} ms  {theirs / ours:6.1f} times faster"
            )


if __name__ == "__main__":
    main()
