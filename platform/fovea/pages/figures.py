"""A model's metrics as rows of a table, whatever its tasks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_NAMES = {
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "accuracy": "Accuracy",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "f1": "F1",
    "ece": "Calibration error (ECE)",
    "kappa": "Weighted kappa",
    "mean_dice": "Mean Dice",
    "dice": "Dice",
    "iou": "IoU",
    "hd95_mm": "95 % Hausdorff, mm",
    "hd95_pixels": "95 % Hausdorff, pixels",
}


@dataclass(frozen=True)
class MetricRow:
    """One figure and its 95 % interval."""

    name: str
    value: float | None
    low: float | None
    high: float | None


def metric_rows(metrics: dict[str, Any]) -> list[MetricRow]:
    """Every figure of a metrics.json (ml.training.evaluate), by question, then by painted class, then boxes."""
    rows: list[MetricRow] = []
    for key, figures in (metrics.get("questions") or {}).items():
        rows += _rows(f"{key}: ", figures)
    masks = metrics.get("masks") or {}
    rows += _rows("", {name: value for name, value in masks.items() if name != "classes"})
    for name, figures in (masks.get("classes") or {}).items():
        rows += _rows(f"{name}: ", figures)
    rows += _rows("boxes: ", metrics.get("boxes") or {})
    return rows


def _rows(prefix: str, figures: dict[str, Any]) -> Iterator[MetricRow]:
    known = list(_NAMES)
    for name in sorted(figures, key=lambda name: known.index(name) if name in known else len(known)):
        figure = figures[name]
        if isinstance(figure, dict) and "value" in figure:
            title = f"{prefix}{_NAMES.get(name, name.replace('_', ' '))}"
            yield MetricRow(title, figure["value"], figure.get("low"), figure.get("high"))
        elif name in _NAMES and isinstance(figure, int | float):
            yield MetricRow(f"{prefix}{_NAMES[name]}", float(figure), None, None)
