"""Addresses that sign one person in, once."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest

from fovea.accounts.access import SITE, Actor, require
from fovea.accounts.keys import digest_of, make_key
from fovea.accounts.models import SignInLink, User
from fovea.accounts.services.sessions import session_open
from fovea.accounts.signals import account_event
from fovea.core.errors import NotFound

LINK_LIFE = timedelta(hours=24)


def link_create(*, actor: Actor | None, user: User, life: timedelta = LINK_LIFE) -> str:
    """A new key for `/sign-in/link/<key>/`; it is stored only as a hash. `actor` None is the installation's own console.

    Raises Forbidden unless the actor is a site admin.
    """
    if actor is not None:
        require(actor, "site.admin", SITE)
    key = make_key()
    with transaction.atomic():
        SignInLink.objects.create(user=user, digest=digest_of(key), expires_at=Now() + life)
        account_event.send(
            sender=SignInLink, actor=actor, action="link.create", target=f"user:{user.pk}", details={}
        )
    return key


def link_find(key: str) -> User | None:
    """Whom an unused, unexpired link would sign in; it stays unused. None when it is no good."""
    link = _good(key).select_related("user").first()
    return link.user if link else None


def link_consume(request: HttpRequest, key: str) -> User:
    """Use the link up and open a session for its person. Raises NotFound when it is unknown, expired or used."""
    with transaction.atomic():
        link = _good(key).select_for_update(of=("self",)).select_related("user").first()
        if link is None:
            raise NotFound("This link was used already or is too old: ask for a new one.", code="link_used")
        SignInLink.objects.filter(pk=link.pk).update(used_at=Now())
        return session_open(request, link.user, "session.open_by_link")


def _good(key: str) -> QuerySet[SignInLink]:
    return SignInLink.objects.filter(
        digest=digest_of(key), used_at=None, expires_at__gt=Now(), user__is_active=True
    )
