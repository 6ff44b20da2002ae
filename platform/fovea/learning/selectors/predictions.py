"""What a model proposes for an item, and how good its proposals turned out to be."""

from __future__ import annotations

from typing import Any

from annotations.content import wire
from fovea.learning.models import ModelState, Prediction


def prediction_of(item_id: int) -> dict[str, Any] | None:
    """The production model's proposal for an item as the workspace reads it, or None where it made none."""
    prediction = (
        Prediction.objects.filter(item_id=item_id, model__state=ModelState.PRODUCTION)
        .select_related("model")
        .first()
    )
    if prediction is None:
        return None
    model = prediction.model
    return {
        "id": prediction.pk,
        "model": {
            "id": model.pk,
            "number": model.number,
            "name": model_name(model.number, model.architecture),
        },
        "confidence": {"overall": None, "classes": {}, "answers": {}} | prediction.confidence,
        "content": wire(prediction.content),
    }


def model_name(number: int, architecture: str) -> str:
    """What people call a model."""
    return f"Model {number} ({architecture})"
