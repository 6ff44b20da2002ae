"""`manage.py token_create NAME [--scope read] [--days N]`: an API token for a person."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from fovea.accounts.models import User
from fovea.accounts.services import token_create
from fovea.core.errors import FoveaError


class Command(BaseCommand):
    """Make an API token for a person and print it, this once."""

    help = "Make an API token for a person and print it, this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose, and what it may."""
        parser.add_argument("name", metavar="NAME", help="the person's username")
        parser.add_argument("--scope", choices=["read", "write"], default="write")
        parser.add_argument("--days", type=int, help="how long it works (default: until revoked)")
        parser.add_argument("--label", default="made on the command line", help="what to list it as")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it, or say in one line why not."""
        user = User.objects.filter(username=options["name"], is_active=True).first()
        if user is None:
            raise CommandError(
                f"There is nobody called {options['name']}; manage.py user_create makes people."
            )
        try:
            _, secret = token_create(
                actor=user, name=options["label"], scope=options["scope"], days=options["days"]
            )
        except FoveaError as error:
            raise CommandError(error.message) from None
        self.stdout.write(secret)
