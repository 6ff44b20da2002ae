"""The tables: queue and leases, settings, runs, models, scores and predictions."""

from .predictions import Prediction, Score
from .queue import QueueEntry, QueueState
from .runs import LearningSettings, ModelEvent, ModelState, Run, RunPoint, TrainedModel

__all__ = [
    "LearningSettings",
    "TrainedModel",
    "ModelEvent",
    "ModelState",
    "Prediction",
    "QueueEntry",
    "QueueState",
    "Run",
    "RunPoint",
    "Score",
]
