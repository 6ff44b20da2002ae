"""Addresses."""

from django.urls import path

from fovea.datasets.api.datasets import DatasetDetail, DatasetList
from fovea.datasets.api.projects import MemberDetail, MemberList, ProjectDetail, ProjectList

urlpatterns = [
    path("datasets/", DatasetList.as_view(), name="dataset-list"),
    path("datasets/<slug:slug>/", DatasetDetail.as_view(), name="dataset-detail"),
    path("projects/", ProjectList.as_view(), name="project-list"),
    path("projects/<slug:slug>/", ProjectDetail.as_view(), name="project-detail"),
    path("projects/<slug:slug>/members/", MemberList.as_view(), name="member-list"),
    path("projects/<slug:slug>/members/<str:username>/", MemberDetail.as_view(), name="member-detail"),
]
