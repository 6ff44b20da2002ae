"""`manage.py user_create NAME [--admin]`: make a person."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from fovea.accounts.services import user_create
from fovea.core.errors import FoveaError


class Command(BaseCommand):
    """Make a person; the password is asked, or read as one line from standard input when that is no terminal."""

    help = "Make a person. The password is asked, or read as one line from standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """NAME and what they are."""
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--admin", action="store_true", help="a site admin, who may do everything")
        parser.add_argument("--display-name", default="", help="the name that others see")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make them, or say in one line why not."""
        try:
            user = user_create(
                actor=None,
                username=options["name"],
                display_name=options["display_name"],
                password=self._password(),
                is_site_admin=options["admin"],
            )
        except FoveaError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"Made {user.username}{', a site admin' if user.is_superuser else ''}.")

    def _password(self) -> str:
        if not sys.stdin.isatty():
            return sys.stdin.readline().rstrip("\n")
        password = getpass.getpass("Password: ")
        if getpass.getpass("Again: ") != password:
            raise CommandError("The two passwords differ; nobody was made.")
        return password
