"""What series, uploads and imports look like as JSON."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from fovea.datasets.models import Import, ImportFile, Series, Upload
from fovea.datasets.selectors.frames import series_address
from fovea.datasets.selectors.imports import import_counts


class SeriesSerializer(serializers.ModelSerializer):
    """A series, as a tile shows it."""

    patient = serializers.CharField(source="study.patient.key")
    study_uid = serializers.CharField(source="study.uid")
    study_description = serializers.CharField(source="study.description")
    thumbnail = serializers.SerializerMethodField(help_text="Address of a small JPEG, or null")
    findings = serializers.SerializerMethodField(help_text="Codes of what is irregular about the slices")

    class Meta:
        model = Series
        fields = [
            "id",
            "uid",
            "study_uid",
            "patient",
            "modality",
            "number",
            "description",
            "study_description",
            "body_part",
            "is_image",
            "instance_count",
            "frame_count",
            "thumbnail",
            "findings",
            "created_at",
        ]

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_thumbnail(self, series: Series) -> str | None:
        """With the picture's hash in it, so that it may be kept for ever."""
        if series.thumbnail_id is None:
            return None
        return f"/api/v1/series/{series.pk}/thumbnail/?v={series.thumbnail_id[:16]}"

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_findings(self, series: Series) -> list[str]:
        """The codes alone."""
        return [finding["code"] for finding in series.geometry.get("findings", [])]


class SeriesFilterSerializer(serializers.Serializer):
    """How a list of series may be narrowed."""

    modality = serializers.CharField(max_length=16, required=False, default="", allow_blank=True)
    search = serializers.CharField(max_length=100, required=False, default="", allow_blank=True)
    images = serializers.BooleanField(
        required=False, default=True, help_text="Only series with frames to show"
    )


class FrameSerializer(serializers.Serializer):
    """A frame of a series."""

    key = serializers.CharField()
    image_id = serializers.CharField(help_text="Where its bytes are")
    rows = serializers.IntegerField()
    columns = serializers.IntegerField()


class SeriesDetailSerializer(SeriesSerializer):
    """A series with its geometry."""

    dataset = serializers.CharField(source="dataset.slug")
    address = serializers.SerializerMethodField(help_text="WADO-RS address of the series")
    geometry = serializers.SerializerMethodField(help_text="Order, spacing in mm, affine (LPS), findings")

    class Meta(SeriesSerializer.Meta):
        fields = [*SeriesSerializer.Meta.fields, "dataset", "address", "geometry"]

    def get_address(self, series: Series) -> str:
        """Metadata and frames are below it."""
        return series_address(series.dataset.slug, series.study.uid, series.uid)

    @extend_schema_field(serializers.DictField())
    def get_geometry(self, series: Series) -> dict[str, Any]:
        """Without the order of frames, which is the order of `frames`."""
        return {key: value for key, value in series.geometry.items() if key != "frame_order"}


class UploadCreateSerializer(serializers.Serializer):
    """A file to come."""

    name = serializers.CharField(max_length=4_000, trim_whitespace=False, help_text="Name or relative path")
    size = serializers.IntegerField(min_value=0, help_text="Bytes")


class UploadSerializer(serializers.ModelSerializer):
    """A file on its way in."""

    complete = serializers.SerializerMethodField()

    class Meta:
        model = Upload
        fields = ["id", "name", "size", "received", "complete"]

    def get_complete(self, upload: Upload) -> bool:
        """Whether it can be imported."""
        return upload.blob_id is not None


class ImportCreateSerializer(serializers.Serializer):
    """Uploads to import."""

    uploads = serializers.ListField(child=serializers.UUIDField(), allow_empty=False, max_length=200_000)
    project = serializers.CharField(max_length=60, required=False, allow_null=True, help_text="Slug")
    options = serializers.DictField(required=False)


class ImportSerializer(serializers.ModelSerializer):
    """An import and the number of its files by status."""

    dataset = serializers.CharField(source="dataset.slug")
    project = serializers.CharField(source="project.slug", allow_null=True, default=None)
    job = serializers.UUIDField(source="job_id", allow_null=True)
    counts = serializers.SerializerMethodField()

    class Meta:
        model = Import
        fields = ["id", "dataset", "project", "job", "options", "counts", "created_at", "finished_at"]

    @extend_schema_field(serializers.DictField(child=serializers.IntegerField()))
    def get_counts(self, batch: Import) -> dict[str, int]:
        """Files by status."""
        return import_counts(batch)


class ImportFileSerializer(serializers.ModelSerializer):
    """One file of an import."""

    series = serializers.IntegerField(source="instance.series_id", allow_null=True, default=None)

    class Meta:
        model = ImportFile
        fields = ["id", "name", "status", "reason", "message", "series"]


class ImportFileFilterSerializer(serializers.Serializer):
    """How a list of files may be narrowed."""

    status = serializers.ChoiceField(
        choices=ImportFile.STATUSES, required=False, allow_blank=True, default=""
    )
