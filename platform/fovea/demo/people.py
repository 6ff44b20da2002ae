"""The demo's people: they sign in by one-time links and have no passwords."""

from __future__ import annotations

from fovea.accounts.models import User

ADMIN, SCIENTIST, RADIOLOGIST = "demo-admin", "demo-scientist", "demo-radiologist"

NAMES = {ADMIN: "Alex Admin", SCIENTIST: "Sam Scientist", RADIOLOGIST: "Robin Radiologist"}


def people_create() -> dict[str, User]:
    """The three people, made when they are not there yet."""
    people = {}
    for username, name in NAMES.items():
        user, made = User.objects.get_or_create(
            username=username,
            defaults={"display_name": name, "is_superuser": username == ADMIN, "is_staff": username == ADMIN},
        )
        if made:
            user.set_unusable_password()
            user.save()
        people[username] = user
    return people
