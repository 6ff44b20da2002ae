"""Who asks, for views that answer hundreds of times a second."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

from fovea.accounts.access import Actor
from fovea.core.errors import NotSignedIn


def credential(request: HttpRequest) -> str:
    """A name for what the request proves itself with (its token or session cookie), without saying what that
    is.
    """
    proof = request.headers.get("Authorization") or request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    return hashlib.sha256(proof.encode()).hexdigest() if proof else ""


def signed_in(request: HttpRequest) -> Actor:
    """The person, by the same rules as the JSON API. Raises NotSignedIn, or REST framework's
    AuthenticationFailed.
    """
    from fovea.accounts.authentication import SessionAuthentication, TokenAuthentication

    user = Request(request, authenticators=[TokenAuthentication(), SessionAuthentication()]).user
    if not user.is_authenticated:
        raise NotSignedIn("Sign in first, or send an API token.")
    return user
