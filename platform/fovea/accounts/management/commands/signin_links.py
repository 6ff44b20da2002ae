"""`manage.py signin_links [NAME …]`: one-time addresses that sign people in."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from fovea.accounts.api.users import link_url
from fovea.accounts.models import User
from fovea.accounts.services import link_create

DEMO = "demo-"


class Command(BaseCommand):
    """Print a one-time sign-in link for each person named, or for the demo's people."""

    help = "Print a one-time sign-in link for each person named (default: the demo's people). Each works once, for a day."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose, and under which address."""
        parser.add_argument("names", metavar="NAME", nargs="*")
        parser.add_argument("--address", default="", help="scheme and host, when not FOVEA_ADDRESS")

    def handle(self, *args: Any, **options: Any) -> None:
        """One line for each."""
        people = User.objects.filter(is_active=True).order_by("pk")
        if names := options["names"]:
            people = people.filter(username__in=names)
            if missing := set(names) - {user.username for user in people}:
                raise CommandError(f"There is nobody called {', '.join(sorted(missing))}.")
        else:
            people = people.filter(username__startswith=DEMO)
        for user in people:
            url = link_url(link_create(actor=None, user=user), options["address"])
            self.stdout.write(f"{user.username:18} {url}")
