"""People, for site admins; and names only, for those who give roles."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from fovea.accounts import selectors, services
from fovea.accounts.access import SITE, may
from fovea.accounts.api.serializers import (
    LinkSerializer,
    PersonSerializer,
    UserCreateSerializer,
    UserFilterSerializer,
    UserSerializer,
    UserUpdateSerializer,
)
from fovea.accounts.api.session import refuse_tokens
from fovea.core.api import ApiView, ListView


def link_url(key: str, root: str = "") -> str:
    """The address of a one-time link, under `root` (scheme and host) or the site's own address."""
    return (root or settings.FOVEA_ADDRESS).rstrip("/") + reverse("sign_in_link", args=[key])


class UserListView(ListView):
    """Everybody."""

    ordering = ("username", "id")

    @extend_schema(parameters=[UserFilterSerializer], responses=UserSerializer(many=True))
    def get(self, request: Request) -> Response:
        """By name. People who give roles but are no site admins see id, username and display_name only."""
        rows = selectors.users_visible(self.actor, **self.query(UserFilterSerializer))
        serializer: type[Serializer] = (
            UserSerializer if may(self.actor, "site.admin", SITE) else PersonSerializer
        )
        return self.page(rows, serializer)

    @extend_schema(request=UserCreateSerializer, responses={201: UserSerializer})
    def post(self, request: Request) -> Response:
        """Make a person."""
        refuse_tokens(request)
        user = services.user_create(actor=self.actor, **self.data(UserCreateSerializer))
        return Response(UserSerializer(user).data, status=201)


class UserView(ApiView):
    """One person."""

    @extend_schema(request=UserUpdateSerializer, responses=UserSerializer)
    def patch(self, request: Request, user_id: int) -> Response:
        """Change name, password, site admin, active."""
        refuse_tokens(request)
        user = selectors.user_get(self.actor, user_id)
        user = services.user_update(actor=self.actor, user=user, **self.data(UserUpdateSerializer))
        return Response(UserSerializer(user).data)


class UserLinkView(ApiView):
    """A one-time link for a person."""

    @extend_schema(request=None, responses={201: LinkSerializer})
    def post(self, request: Request, user_id: int) -> Response:
        """Make one; it works once, for a day."""
        refuse_tokens(request)
        user = selectors.user_get(self.actor, user_id)
        key = services.link_create(actor=self.actor, user=user)
        root = request.build_absolute_uri("/")
        return Response({"url": link_url(key, root)}, status=201)
