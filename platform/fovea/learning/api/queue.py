"""The queue and the workspace."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotations.selectors import item_get
from fovea.core.api import ApiView, ListView
from fovea.datasets.selectors.projects import project_get
from fovea.learning.api.queue_serializers import (
    LeaseSerializer,
    QueueEntrySerializer,
    QueueNextSerializer,
    WorkspaceSerializer,
)
from fovea.learning.selectors.queue import queue_front
from fovea.learning.selectors.workspace import entry_of, lease_state, workspace
from fovea.learning.services import queue


class QueueFront(ListView):
    """A project's queue."""

    ordering = ("rank", "item_id")

    @extend_schema(
        operation_id="queue_list",
        responses=QueueEntrySerializer(many=True),
    )
    def get(self, request: Request, slug: str) -> Response:
        """List what waits, next first, with why it was chosen and who reads it."""
        project = project_get(actor=self.actor, slug=slug)
        return self.page(queue_front(actor=self.actor, project=project), QueueEntrySerializer)


class QueueNext(ApiView):
    """The next item."""

    @extend_schema(
        operation_id="queue_next",
        request=QueueNextSerializer,
        responses={200: WorkspaceSerializer, 204: None},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Lease the best free item (or keep the one held) and answer its workspace; 204 when none waits."""
        data = self.data(QueueNextSerializer)
        project = project_get(actor=self.actor, slug=slug)
        choose = queue.queue_peek if data["preview"] else queue.queue_next
        entry = choose(actor=self.actor, project=project, exclude=data["exclude"])
        if entry is None:
            return Response(status=204)
        return Response(workspace(actor=self.actor, item_id=entry.item_id))


class ItemWorkspace(ApiView):
    """The workspace document."""

    @extend_schema(operation_id="item_workspace", responses=WorkspaceSerializer)
    def get(self, request: Request, item_id: int) -> Response:
        """Read everything the reading page needs to open the item; takes no lease."""
        return Response(workspace(actor=self.actor, item_id=item_id))


class ItemLease(ApiView):
    """Who works on an item."""

    @extend_schema(operation_id="lease_take", request=None, responses=LeaseSerializer)
    def post(self, request: Request, item_id: int) -> Response:
        """Take the item or keep it (the heartbeat); 409 `lease_held` while somebody else holds it."""
        item = item_get(actor=self.actor, item_id=item_id, action="annotation.make")
        queue.lease_take(actor=self.actor, item=item)
        return Response(lease_state(entry_of(item.pk), self.actor))

    @extend_schema(operation_id="lease_release", request=None, responses={204: None})
    def delete(self, request: Request, item_id: int) -> Response:
        """Give the item back."""
        item = item_get(actor=self.actor, item_id=item_id, action="annotation.make")
        queue.lease_release(actor=self.actor, item=item)
        return Response(status=204)
