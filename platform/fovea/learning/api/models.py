"""Models: metrics, comparison, promotion."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from fovea.core.api import ApiView, ListView
from fovea.datasets.selectors.projects import project_get
from fovea.learning.api.run_serializers import (
    CompareQuerySerializer,
    CompareSerializer,
    CurveSerializer,
    ModelDetailSerializer,
    ModelSerializer,
)
from fovea.learning.selectors import models as reads
from fovea.learning.services import models as writes


class ModelList(ListView):
    """A project's models."""

    ordering = ("-number",)

    @extend_schema(operation_id="models_list", responses=ModelSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """List models, newest first."""
        project = project_get(actor=self.actor, slug=slug)
        return self.page(reads.models_of(actor=self.actor, project=project), ModelSerializer)


class ModelDetail(ApiView):
    """A model."""

    @extend_schema(operation_id="model_read", responses=ModelDetailSerializer)
    def get(self, request: Request, model_id: int) -> Response:
        """Read a model with all its metrics and what happened to it."""
        return Response(ModelDetailSerializer(reads.model_get(actor=self.actor, model_id=model_id)).data)


class ModelPromote(ApiView):
    """Let a model serve."""

    @extend_schema(operation_id="model_promote", request=None, responses=ModelDetailSerializer)
    def post(self, request: Request, model_id: int) -> Response:
        """Promote: the model scores what waits and pre-fills from now on."""
        model = reads.model_get(actor=self.actor, model_id=model_id, action="model.promote")
        return Response(ModelDetailSerializer(writes.model_promote(actor=self.actor, model=model)).data)


class ModelRollBack(ApiView):
    """Let the model before serve again."""

    @extend_schema(operation_id="model_roll_back", request=None, responses=ModelDetailSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Roll back; 409 `no_model` when none served before."""
        project = project_get(actor=self.actor, slug=slug)
        model = writes.model_roll_back(actor=self.actor, project=project)
        return Response(ModelDetailSerializer(reads.model_get(actor=self.actor, model_id=model.pk)).data)


class ModelCompare(ApiView):
    """Two models side by side."""

    @extend_schema(
        operation_id="models_compare", parameters=[CompareQuerySerializer], responses=CompareSerializer
    )
    def get(self, request: Request) -> Response:
        """Compare b with a, case by case on the held-out items that both were judged on."""
        query = self.query(CompareQuerySerializer)
        found = reads.models_compare(actor=self.actor, first_id=query["a"], second_id=query["b"])
        return Response(CompareSerializer(found).data)


class LearningCurve(ApiView):
    """The learning curve."""

    @extend_schema(operation_id="learning_curve", responses=CurveSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Labels against the held-out metric, a point per model, and what more labels would bring."""
        project = project_get(actor=self.actor, slug=slug)
        return Response(CurveSerializer(reads.learning_curve(actor=self.actor, project=project)).data)
