"""People: made and changed."""

from __future__ import annotations

import json
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from fovea.accounts.access import SITE, Actor, require
from fovea.accounts.models import ApiToken, User
from fovea.accounts.services.sessions import password_check
from fovea.accounts.signals import account_event
from fovea.core.errors import Conflict, Forbidden, Invalid

MAX_PREFERENCES_BYTES = 16_384


def user_create(
    *,
    actor: Actor | None,
    username: str,
    display_name: str = "",
    password: str | None = None,
    is_site_admin: bool = False,
) -> User:
    """A new person. Without a password they sign in by a one-time link. `actor` None is the installation's own console.

    Raises Forbidden unless the actor is a site admin, Conflict when the name is taken, Invalid on a bad name or password.
    """
    if actor is not None:
        require(actor, "site.admin", SITE)
    user = User(
        username=User.normalize_username(username),
        display_name=display_name,
        is_superuser=is_site_admin,
        is_staff=is_site_admin,
    )
    if password is None:
        user.set_unusable_password()
    else:
        password_check(password, user)
        user.set_password(password)
    if User.objects.filter(username__iexact=user.username).exists():
        raise Conflict(f"There is already somebody called {user.username}.", code="name_taken")
    _validate(user)
    with transaction.atomic():
        user.save()
        _tell(actor, "user.create", user, {"is_site_admin": is_site_admin})
    return user


def user_update(
    *,
    actor: Actor,
    user: User,
    display_name: str | None = None,
    is_site_admin: bool | None = None,
    is_active: bool | None = None,
    password: str | None = None,
) -> User:
    """Change a person; None leaves a thing as it is. One's own display name may be changed by oneself, all else by site admins.

    Somebody who is deactivated loses their tokens. Raises Forbidden, Conflict when no site admin would be left.
    """
    more = (is_site_admin, is_active, password)
    if actor.pk != user.pk or any(value is not None for value in more):
        require(actor, "site.admin", SITE)
    with transaction.atomic():
        admins = list(
            User.objects.select_for_update().filter(is_superuser=True, is_active=True).order_by("pk")
        )
        user = User.objects.select_for_update().get(pk=user.pk)
        if (is_site_admin is False or is_active is False) and admins == [user]:
            raise Conflict("This is the only site admin; make somebody else one first.", code="last_admin")
        _apply(user, display_name, is_site_admin, is_active, password)
        user.save()
        if is_active is False:
            ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=timezone.now())
        told = {"is_site_admin": is_site_admin, "is_active": is_active, "password": password is not None}
        _tell(actor, "user.update", user, {name: value for name, value in told.items() if value})
    return user


def preferences_set(*, actor: Actor, preferences: dict[str, Any]) -> User:
    """Store what the person's pages remember. Raises Forbidden for nobody, Invalid when it is too much."""
    if not actor.is_authenticated:
        raise Forbidden("Sign in first.")
    if len(json.dumps(preferences)) > MAX_PREFERENCES_BYTES:
        raise Invalid(f"Preferences take at most {MAX_PREFERENCES_BYTES} bytes.", field="preferences")
    user = cast(User, actor)
    user.preferences = preferences
    user.save(update_fields=["preferences"])
    return user


def _apply(
    user: User,
    display_name: str | None,
    is_site_admin: bool | None,
    is_active: bool | None,
    password: str | None,
) -> None:
    if display_name is not None:
        user.display_name = display_name.strip()
    if is_site_admin is not None:
        user.is_superuser = user.is_staff = is_site_admin
    if is_active is not None:
        user.is_active = is_active
    if password is not None:
        password_check(password, user)
        user.set_password(password)
    _validate(user)


def _validate(user: User) -> None:
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        raise Invalid("Some fields are not right; see details.fields.", fields=error.message_dict) from None


def _tell(actor: Actor | None, action: str, user: User, details: dict[str, Any]) -> None:
    account_event.send(sender=User, actor=actor, action=action, target=f"user:{user.pk}", details=details)
