"""Addresses below /api/v1/."""

from django.urls import path

from fovea.learning.api import queue

urlpatterns = [
    path("projects/<slug:slug>/queue/", queue.QueueFront.as_view(), name="queue"),
    path("projects/<slug:slug>/queue/next/", queue.QueueNext.as_view(), name="queue-next"),
    path("items/<int:item_id>/lease/", queue.ItemLease.as_view(), name="lease"),
    path("items/<int:item_id>/workspace/", queue.ItemWorkspace.as_view(), name="workspace"),
]
