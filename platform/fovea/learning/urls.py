"""Addresses below /api/v1/."""

from django.urls import path

from fovea.learning.api import models, queue, runs, settings

_PROJECT = "projects/<slug:slug>"

urlpatterns = [
    path(f"{_PROJECT}/queue/", queue.QueueFront.as_view(), name="queue"),
    path(f"{_PROJECT}/queue/next/", queue.QueueNext.as_view(), name="queue-next"),
    path("items/<int:item_id>/lease/", queue.ItemLease.as_view(), name="lease"),
    path("items/<int:item_id>/workspace/", queue.ItemWorkspace.as_view(), name="workspace"),
    path(f"{_PROJECT}/runs/", runs.RunList.as_view(), name="runs"),
    path("runs/<int:run_id>/", runs.RunDetail.as_view(), name="run"),
    path("runs/<int:run_id>/cancel/", runs.RunCancel.as_view(), name="run-cancel"),
    path(f"{_PROJECT}/models/", models.ModelList.as_view(), name="models"),
    path(f"{_PROJECT}/models/roll-back/", models.ModelRollBack.as_view(), name="model-roll-back"),
    path("models/compare/", models.ModelCompare.as_view(), name="models-compare"),
    path("models/<int:model_id>/", models.ModelDetail.as_view(), name="model"),
    path("models/<int:model_id>/promote/", models.ModelPromote.as_view(), name="model-promote"),
    path(f"{_PROJECT}/curve/", models.LearningCurve.as_view(), name="curve"),
    path(f"{_PROJECT}/learning/", settings.LearningDetail.as_view(), name="learning"),
    path(f"{_PROJECT}/rank/", settings.Rank.as_view(), name="rank"),
    path(f"{_PROJECT}/summary/", settings.Summary.as_view(), name="summary"),
    path("strategies/", settings.Strategies.as_view(), name="strategies"),
    path("architectures/", settings.Architectures.as_view(), name="architectures"),
]
