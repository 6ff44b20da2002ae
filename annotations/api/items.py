"""Items and their labels."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotations import services
from annotations.api.serializers import (
    AnnotationSerializer,
    FlagSerializer,
    HistorySerializer,
    ItemSerializer,
    SavedSerializer,
    SaveSerializer,
    SkipSerializer,
    SubmitSerializer,
)
from annotations.models import ItemState
from annotations.selectors import annotation_state, history, item_get, items_of
from fovea.core.api import ApiView, ListView
from fovea.datasets.selectors.projects import project_get


class ItemList(ListView):
    """A project's items."""

    ordering = ("id",)

    @extend_schema(
        operation_id="items_list",
        parameters=[
            OpenApiParameter("state", str, enum=ItemState.values),
            OpenApiParameter("flagged", bool),
        ],
        responses=ItemSerializer(many=True),
    )
    def get(self, request: Request, slug: str) -> Response:
        """List items, oldest first."""
        project = project_get(actor=self.actor, slug=slug)
        items = items_of(
            actor=self.actor,
            project=project,
            state=request.query_params.get("state"),
            flagged=request.query_params.get("flagged") in ("1", "true"),
        )
        return self.page(items, ItemSerializer)


class AnnotationDetail(ApiView):
    """An item's current labels."""

    @extend_schema(operation_id="annotation_read", responses=AnnotationSerializer)
    def get(self, request: Request, item_id: int) -> Response:
        """Read the current labels, label maps inlined."""
        return Response(annotation_state(item_get(actor=self.actor, item_id=item_id)))

    @extend_schema(operation_id="annotation_save", request=SaveSerializer, responses={201: SavedSerializer})
    def post(self, request: Request, item_id: int) -> Response:
        """Save what changed since `base_version`. The same key again gives the same version; a stale base gives 409."""
        data = self.data(SaveSerializer)
        item = item_get(actor=self.actor, item_id=item_id, action="annotation.make")
        version = services.version_save(actor=self.actor, item=item, **data)
        return Response(SavedSerializer(version).data, status=201)


class AnnotationSubmit(ApiView):
    """Finish an item."""

    @extend_schema(
        operation_id="annotation_submit", request=SubmitSerializer, responses={201: SavedSerializer}
    )
    def post(self, request: Request, item_id: int) -> Response:
        """Declare the labels finished; required questions must be answered."""
        data = self.data(SubmitSerializer)
        item = item_get(actor=self.actor, item_id=item_id, action="annotation.make")
        version = services.version_submit(actor=self.actor, item=item, **data)
        return Response(SavedSerializer(version).data, status=201)


class VersionList(ApiView):
    """An item's history."""

    @extend_schema(operation_id="versions_list", responses=HistorySerializer(many=True))
    def get(self, request: Request, item_id: int) -> Response:
        """List every version, newest first."""
        return Response(history(item_get(actor=self.actor, item_id=item_id)))


class ItemSkip(ApiView):
    """Pass an item over."""

    @extend_schema(operation_id="item_skip", request=SkipSerializer, responses={204: None})
    def post(self, request: Request, item_id: int) -> Response:
        """Skip, with a reason."""
        data = self.data(SkipSerializer)
        item = item_get(actor=self.actor, item_id=item_id, action="annotation.make")
        services.item_skip(actor=self.actor, item=item, **data)
        return Response(status=204)


class ItemFlag(ApiView):
    """Mark an item for somebody else."""

    @extend_schema(operation_id="item_flag", request=FlagSerializer, responses={204: None})
    def post(self, request: Request, item_id: int) -> Response:
        """Flag, or take the flag away."""
        data = self.data(FlagSerializer)
        item = item_get(actor=self.actor, item_id=item_id, action="annotation.make")
        services.item_flag(actor=self.actor, item=item, **data)
        return Response(status=204)


class ItemReopen(ApiView):
    """Bring an item back."""

    @extend_schema(operation_id="item_reopen", request=None, responses={204: None})
    def post(self, request: Request, item_id: int) -> Response:
        """Put a skipped or submitted item back into the queue."""
        item = item_get(actor=self.actor, item_id=item_id, action="annotation.review")
        services.item_reopen(actor=self.actor, item=item)
        return Response(status=204)
