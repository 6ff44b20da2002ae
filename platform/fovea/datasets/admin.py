"""Django's admin: to look things up. What changes things goes through services, which check, audit and tell
others.
"""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from fovea.datasets.models import (
    Blob,
    Dataset,
    Import,
    ImportFile,
    Instance,
    Membership,
    Patient,
    Project,
    Series,
    Study,
    Upload,
)


class UncountedPaginator(Paginator):
    """Pages without COUNT(*): tables here may have millions of rows. There always seems to be a next page, up
    to a bound.
    """

    @cached_property
    def count(self) -> int:
        """How many rows there are, counted up to a thousand pages."""
        limit = self.per_page * 1_000
        return cast("QuerySet[Model]", self.object_list).order_by()[:limit].count()


class LookUp(admin.ModelAdmin):
    """Reading only, without counting."""

    paginator = UncountedPaginator
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Dataset)
class DatasetAdmin(LookUp):
    list_display = ["slug", "name", "created_by", "created_at"]
    search_fields = ["slug", "name"]


@admin.register(Project)
class ProjectAdmin(LookUp):
    list_display = ["slug", "name", "dataset", "unit", "created_at"]
    search_fields = ["slug", "name"]
    list_select_related = ["dataset"]


@admin.register(Membership)
class MembershipAdmin(LookUp):
    list_display = ["project", "user", "role", "created_at"]
    list_filter = ["role"]
    search_fields = ["user__username", "project__slug"]
    list_select_related = ["project", "user"]


@admin.register(Patient)
class PatientAdmin(LookUp):
    list_display = ["key", "dataset", "is_known", "sex"]
    search_fields = ["=key"]
    list_select_related = ["dataset"]


@admin.register(Study)
class StudyAdmin(LookUp):
    list_display = ["uid", "dataset", "date", "description"]
    search_fields = ["=uid"]
    list_select_related = ["dataset"]


@admin.register(Series)
class SeriesAdmin(LookUp):
    list_display = ["uid", "dataset", "modality", "description", "frame_count", "is_image"]
    list_filter = ["is_image"]
    search_fields = ["=uid"]
    list_select_related = ["dataset"]


@admin.register(Instance)
class InstanceAdmin(LookUp):
    list_display = [
        "sop_uid",
        "dataset",
        "kind",
        "source_kind",
        "transfer_syntax_uid",
        "rows",
        "columns",
        "frames",
    ]
    list_filter = ["kind", "source_kind"]
    search_fields = ["=sop_uid"]
    list_select_related = ["dataset"]
    exclude = ["offsets", "lengths"]


@admin.register(Blob)
class BlobAdmin(LookUp):
    list_display = ["sha256", "size", "media_type", "created_at"]
    search_fields = ["=sha256"]


@admin.register(Upload)
class UploadAdmin(LookUp):
    list_display = ["id", "dataset", "user", "size", "received", "updated_at"]
    list_select_related = ["dataset", "user"]


@admin.register(Import)
class ImportAdmin(LookUp):
    list_display = ["id", "dataset", "project", "counts", "created_by", "created_at", "finished_at"]
    list_select_related = ["dataset", "project", "created_by"]


@admin.register(ImportFile)
class ImportFileAdmin(LookUp):
    list_display = ["id", "batch", "status", "reason", "message"]
    list_filter = ["status"]
    search_fields = ["=reason"]
