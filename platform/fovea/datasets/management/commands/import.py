# ruff: noqa: N999 - the command is called import
"""`manage.py import PATH --dataset NAME`: bring files in without a browser, here and now."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from fovea.accounts.models import User
from fovea.core.errors import FoveaError
from fovea.datasets.management.commands._people import acting_user
from fovea.datasets.models import Dataset, Import
from fovea.datasets.selectors.projects import project_get
from fovea.datasets.services.datasets import dataset_create
from fovea.datasets.services.imports import files_add, files_of_folder, import_create, import_run
from fovea.datasets.services.ingest.run import Hooks


class Command(BaseCommand):
    help = "Import a file or a folder of images (and labels) into a dataset."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", nargs="?", type=Path, help="file, folder or zip archive")
        parser.add_argument("--dataset", help="name or slug; made when there is none")
        parser.add_argument("--project", help="slug of the project that gets the labels")
        parser.add_argument(
            "--labels", nargs="*", metavar="NAME", help="folders or columns that hold mask images"
        )
        parser.add_argument(
            "--label-options",
            type=json.loads,
            default={},
            metavar="JSON",
            help="how label files are read (docs/reference/label-files.md)",
        )
        parser.add_argument("--user", help="who imports (default: the first site admin)")
        parser.add_argument(
            "--resume", type=int, metavar="IMPORT", help="go on with an import that was cut off"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            batch = self._batch(options)
            self.stdout.write(f"import {batch.pk}: {batch.files.count()} files into {batch.dataset.slug}")
            counts = import_run(batch, Hooks(progress=_Progress(self.stdout), log=self.stdout.write))
        except FoveaError as error:
            raise CommandError(error.message) from error
        self.stdout.write(", ".join(f"{number} {status}" for status, number in sorted(counts.items())))
        for file in batch.files.filter(status__in=("failed", "conflict")).order_by("id")[:20]:
            self.stdout.write(f"  {file.status}: {file.name}: {file.reason}: {file.message}")

    def _batch(self, options: dict[str, Any]) -> Import:
        user = acting_user(options["user"])
        if options["resume"] is not None:
            batch = Import.objects.select_related("dataset").filter(pk=options["resume"]).first()
            if batch is None:
                raise CommandError("There is no such import.")
            return batch
        path = options["path"]
        if path is None or not options["dataset"]:
            raise CommandError("Say what to import and where to: PATH --dataset NAME.")
        if not path.exists():
            raise CommandError(f"{path} does not exist.")
        chosen = {"label_options": options["label_options"]}
        if options["labels"] is not None:
            chosen["labels"] = options["labels"]
        project = project_get(actor=user, slug=options["project"]) if options["project"] else None
        dataset = _dataset(user, options["dataset"])
        batch = import_create(actor=user, dataset=dataset, files=[], project=project, options=chosen)
        files_add(batch=batch, files=files_of_folder(path))
        return batch


def _dataset(user: User, name: str) -> Dataset:
    found = Dataset.objects.filter(slug=name).first() or Dataset.objects.filter(name=name).first()
    return found or dataset_create(actor=user, name=name)


class _Progress:
    """Writes a line every few seconds."""

    def __init__(self, out: Any) -> None:
        self._out, self._next = out, time.monotonic()

    def __call__(self, fraction: float, stage: str) -> None:
        if time.monotonic() >= self._next:
            self._out.write(f"{fraction:4.0%} {stage}")
            self._out.flush()
            self._next = time.monotonic() + 3
