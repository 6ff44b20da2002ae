"""`manage.py demo_load`: the demo's people, images, labels and first trainings."""

from typing import Any

from django.core.management.base import BaseCommand

from fovea.demo.load import demo_load


class Command(BaseCommand):
    """Load the demo; what is there already stays as it is."""

    help = "Load the synthetic demo (people, two projects, sample files) and start its first trainings."

    def handle(self, *args: Any, **options: Any) -> None:
        """Load it, a line per step."""
        demo_load(lambda line: self.stdout.write(f"demo: {line}"))
