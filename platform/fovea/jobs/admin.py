"""Jobs in the Django admin: to read. They are cancelled and retried through the services."""

from django.contrib import admin

from fovea.core.admin import ReadOnlyAdmin
from fovea.jobs.models import Job, JobLog, WorkerBeat


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """Every job."""

    list_display = ["created_at", "kind", "title", "state", "progress", "attempts", "created_by"]
    list_filter = ["state", "kind", "queue"]
    search_fields = ["id", "title", "scope"]


@admin.register(JobLog)
class JobLogAdmin(ReadOnlyAdmin):
    """Their log lines."""

    list_display = ["at", "job", "level", "message"]
    list_filter = ["level"]
    search_fields = ["job__id"]


@admin.register(WorkerBeat)
class WorkerBeatAdmin(ReadOnlyAdmin):
    """The workers."""

    list_display = ["name", "queues", "at"]
