"""`manage.py demo_load`: the demo's people, images, labels and first trainings."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from fovea.demo.load import demo_load
from fovea.demo.people import people_create


class Command(BaseCommand):
    """Load the demo; what is there already stays as it is."""

    help = "Load the synthetic demo (people, two projects, sample files) and start its first trainings."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How much of it."""
        parser.add_argument(
            "--people", action="store_true", help="only make the people, so that they can be given links"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load it, a line per step."""
        if options["people"]:
            people_create()
            return
        demo_load(lambda line: self.stdout.write(f"demo: {line}"))
