"""Runs, models and queues in Django's admin, to look at; changes go through the services."""

from django.contrib import admin

from fovea.learning.models import LearningSettings, ModelEvent, Prediction, QueueEntry, Run, TrainedModel


class ReadOnlyAdmin(admin.ModelAdmin):
    """Shown, not edited: these rows are written with their files and events, or not at all."""

    show_full_result_count = False

    def has_add_permission(self, request) -> bool:
        """Nobody adds rows by hand."""
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        """Nobody changes rows by hand."""
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        """Nobody deletes rows by hand."""
        return False


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    """Training runs."""

    list_display = ("project", "number", "state", "trigger", "labelled", "created_at")
    list_filter = ("state", "trigger")
    list_select_related = ("project",)


@admin.register(TrainedModel)
class TrainedModelAdmin(ReadOnlyAdmin):
    """Models."""

    list_display = ("project", "number", "architecture", "state", "headline", "headline_value", "labelled")
    list_filter = ("state", "architecture")
    list_select_related = ("project",)


@admin.register(ModelEvent)
class ModelEventAdmin(ReadOnlyAdmin):
    """What happened to models."""

    list_display = ("model", "action", "reason", "actor", "at")


@admin.register(QueueEntry)
class QueueEntryAdmin(ReadOnlyAdmin):
    """The queue."""

    list_display = (
        "item",
        "project",
        "state",
        "rank",
        "strategy",
        "reason",
        "lease_user",
        "lease_expires_at",
    )
    list_filter = ("state",)
    list_select_related = ("project", "lease_user")
    raw_id_fields = ("item",)


@admin.register(Prediction)
class PredictionAdmin(ReadOnlyAdmin):
    """Proposals."""

    list_display = ("item", "model", "created_at")


@admin.register(LearningSettings)
class LearningSettingsAdmin(admin.ModelAdmin):
    """How projects learn."""

    list_display = ("project", "architecture", "strategy", "auto_every", "every_hours", "auto_promote")
