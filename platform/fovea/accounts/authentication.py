"""How a request says who it is: a session cookie (with CSRF check) or `Authorization: Bearer <token>`."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now
from django.http import HttpRequest
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from fovea.accounts.keys import digest_of
from fovea.accounts.models import ApiToken, User

_SAFE = ("GET", "HEAD", "OPTIONS")
_SEEN_EVERY = timedelta(minutes=1)


def token_user(request: HttpRequest) -> tuple[User, ApiToken] | None:
    """Whose token the request carries; None when it carries none. Also for views outside REST framework.

    Raises AuthenticationFailed when the token is unknown, expired or revoked, PermissionDenied when it may only read and the
    request would write.
    """
    scheme, _, key = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    good = ApiToken.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=Now()), revoked_at=None, user__is_active=True
    )
    token = good.filter(digest=digest_of(key.strip())).select_related("user").first()
    if token is None:
        raise exceptions.AuthenticationFailed("The token is unknown, expired or revoked; make a new one.")
    if token.scope == "read" and request.method not in _SAFE:
        raise exceptions.PermissionDenied("This token may only read; make one with scope “write”.")
    seen_long_ago = Q(last_used_at=None) | Q(last_used_at__lt=Now() - _SEEN_EVERY)
    ApiToken.objects.filter(seen_long_ago, pk=token.pk).update(last_used_at=Now())
    return token.user, token


class SessionAuthentication(authentication.SessionAuthentication):
    """Django's session; a missing sign-in is a 401 in the one error shape.

    A page says for whom it was opened (`X-Fovea-User`): when somebody else has signed in in the same browser since, what an old
    tab still sends is refused, so that nobody's strokes are saved in another's name.
    """

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        """Whose session it is, or None."""
        found = super().authenticate(request)
        opened_for = request.META.get("HTTP_X_FOVEA_USER", "")
        if found and opened_for and opened_for != str(found[0].pk):
            raise exceptions.AuthenticationFailed(
                "Somebody else has signed in in this browser since this page was opened; sign in as yourself again."
            )
        return found

    def authenticate_header(self, request: Request) -> str:
        """Make REST framework answer 401 rather than 403."""
        return "Session"


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer fov_…`; `request.auth` is then the ApiToken."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Whose token it is, or None to let the session answer."""
        return token_user(request)

    def authenticate_header(self, request: Request) -> str:
        """How to do better."""
        return "Bearer"
