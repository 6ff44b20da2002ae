"""Series and their pictures."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from fovea.core.api import ApiView, ListView
from fovea.core.errors import NotFound
from fovea.core.storage import blob_read
from fovea.datasets.api.image_serializers import (
    FrameSerializer,
    SeriesDetailSerializer,
    SeriesFilterSerializer,
    SeriesSerializer,
)
from fovea.datasets.selectors.datasets import dataset_get
from fovea.datasets.selectors.frames import frames_of
from fovea.datasets.selectors.series import series_get, series_of


class SeriesList(ListView):
    """The series of a dataset."""

    @extend_schema(
        operation_id="series_list", parameters=[SeriesFilterSerializer], responses=SeriesSerializer(many=True)
    )
    def get(self, request: Request, slug: str) -> Response:
        """List series, newest first."""
        dataset = dataset_get(actor=self.actor, slug=slug)
        rows = series_of(actor=self.actor, dataset=dataset, **self.query(SeriesFilterSerializer))
        return self.page(rows, SeriesSerializer)


class SeriesDetail(ApiView):
    """One series."""

    @extend_schema(operation_id="series_read", responses=SeriesDetailSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Read a series with its geometry."""
        return Response(SeriesDetailSerializer(series_get(actor=self.actor, series_id=pk)).data)


class SeriesFrames(ApiView):
    """The frames of a series."""

    @extend_schema(operation_id="series_frames", responses=FrameSerializer(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """List a series' frames in geometric order, all at once."""
        frames = frames_of(series_get(actor=self.actor, series_id=pk))
        return Response({"results": FrameSerializer(frames, many=True).data, "next": None})


class SeriesThumbnail(ApiView):
    """A small picture of a series' middle frame."""

    @extend_schema(operation_id="series_thumbnail", responses={(200, "image/jpeg"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: int) -> HttpResponse:
        """Read the picture; under an address with its hash (`?v=`) it never changes."""
        series = series_get(actor=self.actor, series_id=pk)
        if series.thumbnail is None:
            raise NotFound("The series has no picture.")
        sha256 = series.thumbnail.sha256
        named = request.query_params.get("v", "") == sha256[:16]
        keep = "private, max-age=31536000, immutable" if named else "private, no-cache"
        headers = {"ETag": f'"{sha256}"', "Cache-Control": keep}
        if headers["ETag"] in parse_etags(request.headers.get("If-None-Match", "")):
            return HttpResponseNotModified(headers=headers)
        return HttpResponse(blob_read(sha256), content_type=series.thumbnail.media_type, headers=headers)
