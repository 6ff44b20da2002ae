"""What a project asks."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotations import services
from annotations.api.serializers import SchemaSerializer, SchemaWriteSerializer
from annotations.selectors import schema_current
from fovea.core.api import ApiView
from fovea.core.errors import NotFound
from fovea.datasets.selectors.projects import project_get


class SchemaDetail(ApiView):
    """A project's label schema."""

    @extend_schema(operation_id="schema_read", responses=SchemaSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Read the current version."""
        schema = schema_current(project_get(actor=self.actor, slug=slug))
        if schema is None:
            raise NotFound("The project asks nothing yet.", code="no_schema")
        return Response(SchemaSerializer(schema).data)

    @extend_schema(operation_id="schema_set", request=SchemaWriteSerializer, responses=SchemaSerializer)
    def put(self, request: Request, slug: str) -> Response:
        """Make a new version."""
        data = self.data(SchemaWriteSerializer)
        project = project_get(actor=self.actor, slug=slug)
        schema = services.schema_set(actor=self.actor, project=project, spec=data)
        return Response(SchemaSerializer(schema).data)
