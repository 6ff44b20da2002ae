"""The audit table in the Django admin: to read, never to change."""

from django.contrib import admin

from fovea.audit.models import Event
from fovea.core.admin import ReadOnlyAdmin


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """Read only."""

    list_display = ["at", "actor", "action", "scope", "target"]
    list_filter = ["action"]
    search_fields = ["scope", "target", "actor__username"]
