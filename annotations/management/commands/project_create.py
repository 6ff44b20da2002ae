"""`manage.py project_create NAME --dataset SLUG --schema FILE`."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from annotations.services import schema_set
from fovea.core.errors import FoveaError
from fovea.datasets.management.commands._people import acting_user
from fovea.datasets.selectors.datasets import dataset_get
from fovea.datasets.services.projects import project_create


class Command(BaseCommand):
    """Put a task on a dataset."""

    help = "Make a project on a dataset, with its label schema from a JSON file (docs/reference/label-schema.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the options."""
        parser.add_argument("name")
        parser.add_argument("--dataset", required=True, help="the dataset's slug")
        parser.add_argument("--slug", help="the project's address; made from the name when left out")
        parser.add_argument("--unit", choices=["image", "series"], default="image")
        parser.add_argument(
            "--schema", type=Path, help="a JSON file; without one the first labels imported decide"
        )
        parser.add_argument("--user", help="who makes it; the first site admin when left out")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the project, or say in one line why not."""
        actor = acting_user(options["user"])
        try:
            with transaction.atomic():
                project = project_create(
                    actor=actor,
                    dataset=dataset_get(actor=actor, slug=options["dataset"]),
                    name=options["name"],
                    slug=options["slug"],
                    unit=options["unit"],
                )
                if options["schema"]:
                    schema_set(actor=actor, project=project, spec=json.loads(options["schema"].read_text()))
        except (FoveaError, OSError, json.JSONDecodeError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(project.slug)
