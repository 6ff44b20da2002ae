"""What every REST view stands on: the actor, validated input, and lists in pages.

class ThingList(ListView):
    ordering = ("-created_at", "-id")

    @extend_schema(responses=ThingSerializer(many=True))
    def get(self, request: Request) -> Response:
        return self.page(things_visible(self.actor), ThingSerializer)

    @extend_schema(request=ThingCreateSerializer, responses={201: ThingSerializer})
    def post(self, request: Request) -> Response:
        thing = thing_create(actor=self.actor, **self.data(ThingCreateSerializer))
        return Response(ThingSerializer(thing).data, status=201)
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from fovea.core.pagination import KeysetPagination


class ApiView(APIView):
    """A view of the REST API; only people who are signed in come here unless `permission_classes` says otherwise."""

    @property
    def actor(self) -> Any:
        """Who asks: what services take as `actor` (a User, or Django's AnonymousUser)."""
        return self.request.user

    def data(self, serializer: type[Serializer], *, partial: bool = False) -> dict[str, Any]:
        """The request's body, validated. Raises ValidationError, which answers 400 with `details.fields`."""
        made = serializer(data=self.request.data, partial=partial, context={"request": self.request})
        made.is_valid(raise_exception=True)
        return dict(made.validated_data)

    def query(self, serializer: type[Serializer]) -> dict[str, Any]:
        """The query string, validated by a serializer of the declared filters; undeclared names are ignored."""
        made = serializer(data=self.request.query_params, context={"request": self.request})
        made.is_valid(raise_exception=True)
        return dict(made.validated_data)


class ListView(ApiView):
    """A list in pages; `ordering` names the keyset's columns (see KeysetPagination)."""

    pagination_class = KeysetPagination
    ordering: tuple[str, ...] = ("-id",)

    def page(self, rows: QuerySet[Any], serializer: type[Serializer], **context: Any) -> Response:
        """One page of `rows`; `context` goes to the serializer beside `request`."""
        paginator = self.pagination_class()
        found = paginator.paginate_queryset(rows, self.request, view=self)
        data = serializer(found, many=True, context={"request": self.request, **context}).data
        return paginator.get_paginated_response(data)
