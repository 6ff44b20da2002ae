"""Signing in and out from a program that keeps cookies, and oneself."""

from __future__ import annotations

from typing import Any

from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect, ensure_csrf_cookie
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from fovea.accounts import services
from fovea.accounts.api.serializers import (
    MeSerializer,
    MeUpdateSerializer,
    PasswordChangeSerializer,
    SessionSerializer,
    SignInSerializer,
)
from fovea.accounts.models import ApiToken
from fovea.core.api import ApiView
from fovea.core.errors import Forbidden


def refuse_tokens(request: Request) -> None:
    """Keys and passwords are changed by people: a token that leaked makes no other. Raises Forbidden."""
    if isinstance(request.auth, ApiToken):
        raise Forbidden("Tokens may not do that; sign in with your password.")


def _session(user: Any) -> dict[str, Any]:
    return {"user": MeSerializer(user).data if user.is_authenticated else None}


@method_decorator(csrf_protect, name="post")
class SessionView(ApiView):
    """The session of this browser."""

    permission_classes = [AllowAny]

    @method_decorator(ensure_csrf_cookie)
    @extend_schema(responses=SessionSerializer)
    def get(self, request: Request) -> Response:
        """Who is signed in; also sets the CSRF cookie that the others need."""
        return Response(_session(self.actor))

    @extend_schema(request=SignInSerializer, responses=SessionSerializer)
    def post(self, request: Request) -> Response:
        """Sign in. 401 wrong_password; 429 locked_out after too many."""
        return Response(_session(services.sign_in(request._request, **self.data(SignInSerializer))))

    @extend_schema(responses={204: None})
    def delete(self, request: Request) -> Response:
        """Sign out."""
        refuse_tokens(request)
        services.sign_out(request._request)
        return Response(status=204)


class PasswordView(ApiView):
    """One's password."""

    @extend_schema(request=PasswordChangeSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        """Change it; one's other sessions end."""
        refuse_tokens(request)
        data = self.data(PasswordChangeSerializer)
        services.password_change(request._request, data["current_password"], data["new_password"])
        return Response(status=204)


class MeView(ApiView):
    """Oneself."""

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """Who one is, and what one's pages remember."""
        return Response(MeSerializer(self.actor).data)

    @extend_schema(request=MeUpdateSerializer, responses=MeSerializer)
    def patch(self, request: Request) -> Response:
        """Change one's name as shown, or replace one's preferences."""
        data = self.data(MeUpdateSerializer)
        user = self.actor
        if "display_name" in data:
            user = services.user_update(actor=self.actor, user=user, display_name=data["display_name"])
        if "preferences" in data:
            services.preferences_set(actor=self.actor, preferences=data["preferences"])
            user.preferences = data["preferences"]
        return Response(MeSerializer(user).data)
