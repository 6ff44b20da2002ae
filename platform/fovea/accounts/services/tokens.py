"""API tokens: made, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from django.db import transaction
from django.db.models.functions import Now

from fovea.accounts.access import Actor
from fovea.accounts.keys import TOKEN_PREFIX, digest_of, make_key
from fovea.accounts.models import TOKEN_SCOPES, ApiToken, User
from fovea.accounts.signals import account_event
from fovea.core.errors import Invalid, NotFound, NotSignedIn, TooMany

MAX_TOKENS = 50


def token_create(
    *, actor: Actor, name: str, scope: str = "read", days: int | None = None
) -> tuple[ApiToken, str]:
    """A new token of the actor's own, and its secret, which is told this once and stored as a hash.

    `scope` "read" allows only GET and HEAD; `days` until it ends (None: never). Raises Invalid on any other scope or a number
    of days that is not 1..3650, TooMany when the person has too many.
    """
    if not actor.is_authenticated:
        raise NotSignedIn("Sign in first.")
    if scope not in dict(TOKEN_SCOPES):
        raise Invalid("scope must be “read” or “write”.", field="scope")
    if days is not None and not 1 <= days <= 3650:
        raise Invalid("days must be a whole number from 1 to 3650.", field="days")
    user = cast(User, actor)
    with transaction.atomic():
        User.objects.select_for_update().get(
            pk=user.pk
        )  # two requests at once do not pass the limit together
        if ApiToken.objects.filter(user=user, revoked_at=None).count() >= MAX_TOKENS:
            raise TooMany(f"You have {MAX_TOKENS} tokens; revoke some that are not in use.")
        secret = make_key(TOKEN_PREFIX)
        token = ApiToken.objects.create(
            user=user,
            name=name.strip()[:100] or "token",
            prefix=secret[:10],
            digest=digest_of(secret),
            scope=scope,
            expires_at=Now() + timedelta(days=days) if days else None,
        )
        _tell(actor, "token.create", token)
    token.refresh_from_db()
    return token, secret


def token_revoke(*, actor: Actor, token_id: int) -> None:
    """End a token at once: one's own, or anybody's for a site admin. Raises NotFound."""
    tokens = ApiToken.objects.filter(pk=token_id, revoked_at=None)
    if not getattr(actor, "is_superuser", False):
        tokens = tokens.filter(user_id=actor.pk)
    with transaction.atomic():
        token = tokens.select_for_update().first()
        if token is None:
            raise NotFound("There is no such token of yours.")
        ApiToken.objects.filter(pk=token.pk).update(revoked_at=Now())
        _tell(actor, "token.revoke", token)


def _tell(actor: Actor, action: str, token: ApiToken) -> None:
    account_event.send(
        sender=ApiToken,
        actor=actor,
        action=action,
        target=f"token:{token.pk}",
        details={"token_scope": token.scope},
    )
