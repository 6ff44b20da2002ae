"""Retraining by number of new labels and by time, and mending what dead workers left behind."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now

from fovea.core.errors import Conflict
from fovea.learning.models import LearningSettings, Run
from fovea.learning.selectors.queue import queue_counts
from fovea.learning.services.runs import run_queue, runs_settle

logger = logging.getLogger(__name__)


def retrain_due() -> list[Run]:
    """Start a run in every project whose settings ask for one now. Called every minute by the scheduler."""
    runs_settle()
    asked = LearningSettings.objects.filter(Q(auto_every__gt=0) | Q(every_hours__gt=0)).select_related(
        "project"
    )
    started = []
    for settings in asked:
        trigger = due(settings)
        if trigger:
            try:
                started.append(run_queue(actor=None, project=settings.project, trigger=trigger))
            except Conflict as refusal:
                logger.info("project %s: no run now (%s)", settings.project_id, refusal.error_code)
    return started


def due(settings: LearningSettings) -> str:
    """Why a run is due (“labels” or “schedule”), or an empty text. Nothing new to learn from, nothing due.

    A run that failed or was cancelled counts like one that succeeded: it is not tried again until more labels come.
    """
    labelled = queue_counts(settings.project_id)["done"]
    last = Run.objects.filter(project_id=settings.project_id).order_by("-number").first()
    new = labelled - (last.labelled if last else 0)
    if settings.auto_every and new >= settings.auto_every:
        return "labels"
    if settings.every_hours and new > 0:
        recent = Run.objects.filter(
            project_id=settings.project_id, created_at__gt=Now() - timedelta(hours=settings.every_hours)
        )
        return "" if recent.exists() else "schedule"
    return ""
