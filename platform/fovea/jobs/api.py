"""REST: jobs, their logs, and taking them in hand."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from fovea.core.api import ApiView, ListView
from fovea.jobs import selectors, services
from fovea.jobs.models import Job, JobLog, JobState


class JobErrorSerializer(serializers.Serializer[Any]):
    """Why a job failed."""

    code = serializers.CharField()
    message = serializers.CharField()


class JobSerializer(serializers.ModelSerializer[Job]):
    """A job as people see it."""

    error = JobErrorSerializer(allow_null=True)
    created_by = serializers.SerializerMethodField()
    can_control = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields = [
            "id",
            "kind",
            "title",
            "scope",
            "state",
            "progress",
            "stage",
            "result",
            "error",
            "cancel_requested",
            "attempts",
            "created_by",
            "created_at",
            "started_at",
            "finished_at",
            "can_control",
        ]

    @extend_schema_field({"type": "string", "nullable": True})
    def get_created_by(self, job: Job) -> str | None:
        """The person's name; null for the system itself."""
        return str(job.created_by) if job.created_by else None

    def get_can_control(self, job: Job) -> bool:
        """Whether the reader may cancel and retry it."""
        return services.may_control(self.context["request"].user, job)


class JobLogSerializer(serializers.ModelSerializer[JobLog]):
    """One line."""

    class Meta:
        model = JobLog
        fields = ["id", "at", "level", "message"]


class JobFilterSerializer(serializers.Serializer[Any]):
    """Which jobs."""

    state = serializers.ChoiceField(choices=JobState.choices, required=False)
    kind = serializers.CharField(max_length=40, required=False)
    scope = serializers.CharField(max_length=60, required=False, help_text="such as project:7")


class JobLogFilterSerializer(serializers.Serializer[Any]):
    """Which lines."""

    after = serializers.IntegerField(min_value=0, default=0, help_text="id of the last line one has")


class JobListView(ListView):
    """Jobs."""

    ordering = ("-created_at", "-id")

    @extend_schema(parameters=[JobFilterSerializer], responses=JobSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Those that one made and those of the projects one sees; newest first."""
        return self.page(selectors.jobs_visible(self.actor, **self.query(JobFilterSerializer)), JobSerializer)


class JobView(ApiView):
    """One job."""

    @extend_schema(responses=JobSerializer)
    def get(self, request: Request, job_id: UUID) -> Response:
        """How it stands."""
        return self.shown(selectors.job_get(self.actor, job_id))

    def shown(self, job: Job) -> Response:
        """The answer for a job."""
        return Response(JobSerializer(job, context={"request": self.request}).data)


class JobLogView(ListView):
    """A job's log."""

    ordering = ("id",)

    @extend_schema(parameters=[JobLogFilterSerializer], responses=JobLogSerializer(many=True))
    def get(self, request: Request, job_id: UUID) -> Response:
        """Lines after the one of id `after`, oldest first."""
        job = selectors.job_get(self.actor, job_id)
        return self.page(selectors.job_log(job, **self.query(JobLogFilterSerializer)), JobLogSerializer)


class JobCancelView(JobView):
    """Stopping a job."""

    http_method_names = ["post", "options"]

    @extend_schema(request=None, responses=JobSerializer)
    def post(self, request: Request, job_id: UUID) -> Response:
        """A waiting job is cancelled at once, a running one stops within a second or two. 409 when it is over."""
        return self.shown(services.job_cancel(actor=self.actor, job=selectors.job_get(self.actor, job_id)))


class JobRetryView(JobView):
    """Doing a job again."""

    http_method_names = ["post", "options"]

    @extend_schema(request=None, responses=JobSerializer)
    def post(self, request: Request, job_id: UUID) -> Response:
        """Queue a failed or cancelled job again. 409 in any other state."""
        return self.shown(services.job_retry(actor=self.actor, job=selectors.job_get(self.actor, job_id)))
