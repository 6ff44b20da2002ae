"""Datasets."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from fovea.core.api import ApiView, ListView
from fovea.datasets.api.serializers import DatasetCreateSerializer, DatasetSerializer, DescriptionSerializer
from fovea.datasets.selectors.datasets import dataset_get, datasets_visible
from fovea.datasets.services.datasets import dataset_create, dataset_delete, dataset_update


class DatasetList(ListView):
    """Datasets that one may see."""

    serializer_class = DatasetSerializer

    @extend_schema(operation_id="dataset_list", responses=DatasetSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List datasets, newest first."""
        return self.page(datasets_visible(actor=self.actor), DatasetSerializer)

    @extend_schema(
        operation_id="dataset_create", request=DatasetCreateSerializer, responses={201: DatasetSerializer}
    )
    def post(self, request: Request) -> Response:
        """Make an empty dataset."""
        dataset = dataset_create(actor=self.actor, **self.data(DatasetCreateSerializer))
        return Response(DatasetSerializer(dataset).data, status=201)


class DatasetDetail(ApiView):
    """One dataset."""

    @extend_schema(operation_id="dataset_read", responses=DatasetSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Read a dataset."""
        return Response(DatasetSerializer(dataset_get(actor=self.actor, slug=slug)).data)

    @extend_schema(operation_id="dataset_update", request=DescriptionSerializer, responses=DatasetSerializer)
    def patch(self, request: Request, slug: str) -> Response:
        """Rename or describe a dataset."""
        dataset = dataset_get(actor=self.actor, slug=slug)
        return Response(
            DatasetSerializer(
                dataset_update(actor=self.actor, dataset=dataset, **self.data(DescriptionSerializer))
            ).data
        )

    @extend_schema(operation_id="dataset_delete", responses={204: None})
    def delete(self, request: Request, slug: str) -> Response:
        """Delete a dataset that no project uses."""
        dataset_delete(actor=self.actor, dataset=dataset_get(actor=self.actor, slug=slug))
        return Response(status=204)
