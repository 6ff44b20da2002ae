"""How a project learns, what can be chosen, and how it is doing."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from fovea.core.api import ApiView
from fovea.datasets.selectors.projects import project_get
from fovea.learning.api.run_serializers import (
    ArchitectureSerializer,
    LearningSettingsSerializer,
    RankSerializer,
    StartedSerializer,
    StrategySerializer,
    SummarySerializer,
)
from fovea.learning.selectors.summary import project_summary
from fovea.learning.services.scoring import rank_start
from fovea.learning.services.settings import settings_change, settings_of
from ml.acquisition.registry import STRATEGIES
from ml.models.registry import ARCHITECTURES


class LearningDetail(ApiView):
    """A project's learning settings."""

    @extend_schema(operation_id="learning_read", responses=LearningSettingsSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Read the settings."""
        project = project_get(actor=self.actor, slug=slug)
        return Response(LearningSettingsSerializer(settings_of(project)).data)

    @extend_schema(
        operation_id="learning_change",
        request=LearningSettingsSerializer(partial=True),
        responses=LearningSettingsSerializer,
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change some of the settings; they hold from the next run and ranking on."""
        project = project_get(actor=self.actor, slug=slug)
        changes = self.data(LearningSettingsSerializer, partial=True)
        settings = settings_change(actor=self.actor, project=project, **changes)
        return Response(LearningSettingsSerializer(settings).data)


class Rank(ApiView):
    """Rank the queue again."""

    @extend_schema(operation_id="queue_rank", request=RankSerializer, responses={202: StartedSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Start a ranking job; a named strategy becomes the project's."""
        project = project_get(actor=self.actor, slug=slug)
        job = rank_start(actor=self.actor, project=project, strategy=self.data(RankSerializer)["strategy"])
        return Response(StartedSerializer(job).data, status=202)


class Strategies(ApiView):
    """The acquisition strategies."""

    @extend_schema(operation_id="strategies_list", responses=StrategySerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the strategies' cards."""
        return Response(StrategySerializer(STRATEGIES.values(), many=True).data)


class Architectures(ApiView):
    """The architectures."""

    @extend_schema(operation_id="architectures_list", responses=ArchitectureSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the architectures' cards."""
        return Response(ArchitectureSerializer(ARCHITECTURES.values(), many=True).data)


class Summary(ApiView):
    """A project at a glance."""

    @extend_schema(operation_id="project_summary", responses=SummarySerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Counts, the model that serves, the live run, labels a day, and how proposals fare."""
        project = project_get(actor=self.actor, slug=slug)
        return Response(SummarySerializer(project_summary(actor=self.actor, project=project)).data)
