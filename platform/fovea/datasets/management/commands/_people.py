"""Who a command acts for."""

from django.core.management.base import CommandError

from fovea.accounts.models import User


def acting_user(username: str | None) -> User:
    """The person of that name, or the first site admin. Raises CommandError when there is none."""
    if username is not None:
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            raise CommandError(f"Nobody active has the user name {username}.")
        return user
    user = User.objects.filter(is_superuser=True, is_active=True).order_by("id").first()
    if user is None:
        raise CommandError(
            "There is no site admin to act for: make one with `manage.py user_create NAME --admin`."
        )
    return user
