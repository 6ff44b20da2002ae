"""The tables: queue and leases, settings, runs, models, scores and predictions."""

from .predictions import Prediction, Score
from .queue import UNRANKED, QueueCount, QueueEntry, QueueState
from .runs import LearningSettings, ModelEvent, ModelState, Run, RunPoint, TrainedModel

__all__ = [
    "UNRANKED",
    "LearningSettings",
    "ModelEvent",
    "ModelState",
    "Prediction",
    "QueueCount",
    "QueueEntry",
    "QueueState",
    "Run",
    "RunPoint",
    "Score",
    "TrainedModel",
]
