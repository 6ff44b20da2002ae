"""What a model says: a score per item, and for the front of the queue a full proposal."""

from django.db import models

from annotations.models import Item

from .runs import TrainedModel


class Score(models.Model):
    """How much a model would learn from an item, and what it is unsure of.

    Written in bulk, one row per model and item.
    """

    model = models.ForeignKey(TrainedModel, on_delete=models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+")
    uncertainty = models.FloatField()
    details = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "item"], name="one_score_per_model_and_item")]


class Prediction(models.Model):
    """A model's proposal for an item, in the stored form of an annotation's content."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="predictions")
    model = models.ForeignKey(TrainedModel, on_delete=models.CASCADE, related_name="+")
    content = models.JSONField()
    confidence = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "model"], name="one_prediction_per_model_and_item")
        ]
