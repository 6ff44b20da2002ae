"""Uploads and imports."""

from __future__ import annotations

from typing import Any, BinaryIO, cast
from uuid import UUID

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from fovea.core.api import ApiView, ListView
from fovea.core.errors import Invalid
from fovea.datasets.api.image_serializers import (
    ImportCreateSerializer,
    ImportFileFilterSerializer,
    ImportFileSerializer,
    ImportSerializer,
    UploadCreateSerializer,
    UploadSerializer,
)
from fovea.datasets.selectors.datasets import dataset_get
from fovea.datasets.selectors.imports import files_csv, import_files, import_get, imports_of
from fovea.datasets.selectors.projects import project_get
from fovea.datasets.services.imports import import_uploads
from fovea.datasets.services.uploads import upload_append, upload_get, upload_start

_OFFSET = OpenApiParameter(
    "Upload-Offset", int, OpenApiParameter.HEADER, required=True, description="Bytes received so far"
)


class RawParser(BaseParser):
    """Any body, left as a stream."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """The body as it comes."""
        return stream


class UploadList(ApiView):
    """Files on their way into a dataset."""

    @extend_schema(
        operation_id="upload_start", request=UploadCreateSerializer, responses={201: UploadSerializer}
    )
    def post(self, request: Request, slug: str) -> Response:
        """Announce a file."""
        dataset = dataset_get(actor=self.actor, slug=slug)
        upload = upload_start(actor=self.actor, dataset=dataset, **self.data(UploadCreateSerializer))
        return Response(UploadSerializer(upload).data, status=201)


class UploadDetail(ApiView):
    """A file on its way in."""

    parser_classes = [RawParser]

    @extend_schema(operation_id="upload_read", responses=UploadSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """How many bytes have come: where to go on."""
        return Response(UploadSerializer(upload_get(actor=self.actor, upload_id=pk)).data)

    @extend_schema(
        operation_id="upload_append",
        parameters=[_OFFSET],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses=UploadSerializer,
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        """Send the next bytes."""
        text = request.headers.get("Upload-Offset", "")
        if not text.isascii() or not text.isdigit() or len(text) > 15:
            raise Invalid(
                "The header Upload-Offset says at which byte this part begins.", field="Upload-Offset"
            )
        length = request.META.get("CONTENT_LENGTH") or ""
        upload = upload_append(
            actor=self.actor,
            upload_id=pk,
            offset=int(text),
            content=cast(BinaryIO, request.stream or request._request),
            length=int(length) if length.isdigit() else None,
        )
        return Response(UploadSerializer(upload).data)


class ImportList(ListView):
    """Imports into a dataset."""

    @extend_schema(operation_id="import_list", responses=ImportSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """List imports, newest first."""
        dataset = dataset_get(actor=self.actor, slug=slug)
        return self.page(imports_of(actor=self.actor, dataset_id=dataset.pk), ImportSerializer)

    @extend_schema(
        operation_id="import_start", request=ImportCreateSerializer, responses={202: ImportSerializer}
    )
    def post(self, request: Request, slug: str) -> Response:
        """Import uploaded files; a job does it."""
        data = self.data(ImportCreateSerializer)
        dataset = dataset_get(actor=self.actor, slug=slug)
        project = data.get("project")
        batch = import_uploads(
            actor=self.actor,
            dataset=dataset,
            uploads=data["uploads"],
            project=project_get(actor=self.actor, slug=project) if project else None,
            options=data.get("options"),
        )
        return Response(ImportSerializer(batch).data, status=202)


class ImportDetail(ApiView):
    """One import."""

    @extend_schema(operation_id="import_read", responses=ImportSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Read an import: how many files are waiting, stored, failed …"""
        return Response(ImportSerializer(import_get(actor=self.actor, import_id=pk)).data)


class ImportFileList(ListView):
    """The files of an import."""

    ordering = ("id",)

    @extend_schema(
        operation_id="import_file_list",
        parameters=[ImportFileFilterSerializer],
        responses=ImportFileSerializer(many=True),
    )
    def get(self, request: Request, pk: int) -> Response:
        """List an import's files and what became of each."""
        batch = import_get(actor=self.actor, import_id=pk)
        rows = import_files(batch, **self.query(ImportFileFilterSerializer)).select_related("instance")
        return self.page(rows, ImportFileSerializer)


class ImportFileTable(ApiView):
    """The files of an import as CSV."""

    @extend_schema(
        operation_id="import_file_csv",
        parameters=[ImportFileFilterSerializer],
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request, pk: int) -> StreamingHttpResponse:
        """Download what became of each file."""
        batch = import_get(actor=self.actor, import_id=pk)
        rows = import_files(batch, **self.query(ImportFileFilterSerializer))
        headers = {"Content-Disposition": f'attachment; filename="import-{batch.pk}.csv"'}
        return StreamingHttpResponse(files_csv(rows), content_type="text/csv; charset=utf-8", headers=headers)
