"""`manage.py project_create NAME --dataset DATASET`: put a task on a dataset."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from fovea.core.errors import FoveaError
from fovea.datasets.management.commands._people import acting_user
from fovea.datasets.models.projects import Unit
from fovea.datasets.selectors.datasets import dataset_get
from fovea.datasets.services.projects import project_create


class Command(BaseCommand):
    help = "Make a project on a dataset; what it asks is set in the browser or by the API."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--dataset", required=True, help="slug of the dataset")
        parser.add_argument("--slug", help="short name in addresses (default: made from the name)")
        parser.add_argument(
            "--unit", choices=Unit.values, default=Unit.IMAGE, help="what one item of the queue is"
        )
        parser.add_argument("--user", help="who becomes its admin (default: the first site admin)")

    def handle(self, *args: Any, **options: Any) -> None:
        user = acting_user(options["user"])
        try:
            dataset = dataset_get(actor=user, slug=options["dataset"])
            project = project_create(
                actor=user, dataset=dataset, name=options["name"], slug=options["slug"], unit=options["unit"]
            )
        except FoveaError as error:
            raise CommandError(error.message) from error
        self.stdout.write(project.slug)
