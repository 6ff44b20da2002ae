"""Labels in Django's admin: to look at, never to change."""

from django.contrib import admin
from django.http import HttpRequest

from annotations.models import AnnotationVersion, Item, ItemSkip, LabelSchema


class ReadOnly(admin.ModelAdmin):
    """Versions are immutable and items change through services only."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nothing is added here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nothing is changed here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nothing is deleted here."""
        return False


@admin.register(LabelSchema)
class LabelSchemaAdmin(ReadOnly):
    """What projects ask."""

    list_display = ("project", "number", "created_by", "created_at")


@admin.register(Item)
class ItemAdmin(ReadOnly):
    """What is labelled."""

    list_display = ("id", "project", "state", "split", "flagged", "submitted_at")
    list_filter = ("state", "split", "flagged")
    list_select_related = ("project",)


@admin.register(AnnotationVersion)
class AnnotationVersionAdmin(ReadOnly):
    """Who saved what, when."""

    list_display = ("id", "item_id", "number", "source", "author", "submitted", "seconds", "created_at")
    list_filter = ("source", "submitted")
    list_select_related = ("author",)


@admin.register(ItemSkip)
class ItemSkipAdmin(ReadOnly):
    """What was passed over, and why."""

    list_display = ("item_id", "user", "reason", "created_at")
