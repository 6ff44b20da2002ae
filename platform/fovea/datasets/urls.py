"""Addresses."""

from django.urls import path

from fovea.datasets.api.datasets import DatasetDetail, DatasetList
from fovea.datasets.api.imports import (
    ImportDetail,
    ImportFileList,
    ImportFileTable,
    ImportList,
    UploadDetail,
    UploadList,
)
from fovea.datasets.api.projects import MemberDetail, MemberList, ProjectDetail, ProjectList
from fovea.datasets.api.series import SeriesDetail, SeriesFrames, SeriesList, SeriesThumbnail

urlpatterns = [
    path("datasets/", DatasetList.as_view(), name="dataset-list"),
    path("datasets/<slug:slug>/", DatasetDetail.as_view(), name="dataset-detail"),
    path("datasets/<slug:slug>/series/", SeriesList.as_view(), name="series-list"),
    path("datasets/<slug:slug>/uploads/", UploadList.as_view(), name="upload-list"),
    path("datasets/<slug:slug>/imports/", ImportList.as_view(), name="import-list"),
    path("uploads/<uuid:pk>/", UploadDetail.as_view(), name="upload-detail"),
    path("imports/<int:pk>/", ImportDetail.as_view(), name="import-detail"),
    path("imports/<int:pk>/files/", ImportFileList.as_view(), name="import-file-list"),
    path("imports/<int:pk>/files.csv", ImportFileTable.as_view(), name="import-file-csv"),
    path("series/<int:pk>/", SeriesDetail.as_view(), name="series-detail"),
    path("series/<int:pk>/frames/", SeriesFrames.as_view(), name="series-frames"),
    path("series/<int:pk>/thumbnail/", SeriesThumbnail.as_view(), name="series-thumbnail"),
    path("projects/", ProjectList.as_view(), name="project-list"),
    path("projects/<slug:slug>/", ProjectDetail.as_view(), name="project-detail"),
    path("projects/<slug:slug>/members/", MemberList.as_view(), name="member-list"),
    path("projects/<slug:slug>/members/<str:username>/", MemberDetail.as_view(), name="member-detail"),
]
