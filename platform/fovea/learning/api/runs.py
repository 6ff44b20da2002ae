"""Training runs."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from fovea.core.api import ApiView, ListView
from fovea.datasets.selectors.projects import project_get
from fovea.learning.api.run_serializers import RunDetailSerializer, RunSerializer, RunStartSerializer
from fovea.learning.selectors.runs import run_get, runs_of
from fovea.learning.services import runs


class RunList(ListView):
    """A project's runs."""

    ordering = ("-number",)

    @extend_schema(operation_id="runs_list", responses=RunSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """List runs, newest first."""
        project = project_get(actor=self.actor, slug=slug)
        return self.page(runs_of(actor=self.actor, project=project), RunSerializer)

    @extend_schema(operation_id="run_start", request=RunStartSerializer, responses={201: RunDetailSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Retrain. 409 `too_few_labels` says how many of what are missing; 409 `run_live` while one goes on."""
        project = project_get(actor=self.actor, slug=slug)
        run = runs.run_start(
            actor=self.actor, project=project, config=self.data(RunStartSerializer)["config"]
        )
        found = run_get(actor=self.actor, run_id=run.pk)
        return Response(RunDetailSerializer(found).data, status=201)


class RunDetail(ApiView):
    """A run."""

    @extend_schema(operation_id="run_read", responses=RunDetailSerializer)
    def get(self, request: Request, run_id: int) -> Response:
        """Read a run: state, recipe, curves."""
        return Response(RunDetailSerializer(run_get(actor=self.actor, run_id=run_id)).data)


class RunCancel(ApiView):
    """Stop a run."""

    @extend_schema(operation_id="run_cancel", request=None, responses=RunDetailSerializer)
    def post(self, request: Request, run_id: int) -> Response:
        """Cancel: at once while it is queued, within seconds while it trains."""
        run = run_get(actor=self.actor, run_id=run_id, action="run.cancel")
        runs.run_cancel(actor=self.actor, run=run)
        return Response(RunDetailSerializer(run_get(actor=self.actor, run_id=run_id)).data)
