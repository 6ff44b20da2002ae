"""What people may choose about a run: checked here, without loading torch; the engine's defaults fill in the rest."""

from __future__ import annotations

from typing import Any

from fovea.core.errors import Invalid
from ml.models.registry import ARCHITECTURES

_RANGES: dict[str, tuple[type, float, float]] = {
    "steps": (int, 1, 1_000_000),
    "size": (int, 16, 2048),
    "epochs": (int, 1, 1000),
    "batch_size": (int, 1, 1024),
    "learning_rate": (float, 1e-7, 1.0),
    "seed": (int, 0, 2**31),
}
_WORDS = {"preset": ("auto", "quick", "standard"), "freeze": None, "weights": None}
NAMES = ("architecture", *_WORDS, *_RANGES)


def recipe_check(recipe: dict[str, Any], spec: dict[str, Any] | None) -> dict[str, Any]:
    """The recipe without empty values. Raises Invalid for names and values that no run could use.

    With a label schema's spec, the architecture must also learn what it asks.
    """
    chosen = {name: value for name, value in recipe.items() if value not in (None, "")}
    unknown = set(chosen) - set(NAMES)
    if unknown:
        raise Invalid(f"Unknown settings: {', '.join(sorted(unknown))}; a run takes {', '.join(NAMES)}.")
    for name, value in chosen.items():
        if name in _RANGES:
            _number(name, value)
        elif not isinstance(value, str) or len(value) > 200:
            raise Invalid(f"“{name}” is a short text.")
        elif (words := _WORDS.get(name)) and value not in words:
            raise Invalid(f"“{name}” is one of {', '.join(words)}.")
    if name := chosen.get("architecture", ""):
        architecture_check(name, spec)
    return chosen


def architecture_check(name: str, spec: dict[str, Any] | None = None) -> None:
    """Raise Invalid for an architecture that does not exist, or does not learn what the spec asks."""
    if name not in ARCHITECTURES:
        raise Invalid(f"There is no architecture “{name}”; choose one of {', '.join(ARCHITECTURES)}.")
    asked = {"classification": "questions", "segmentation": "classes", "detection": "boxes"}
    kinds = {kind for kind, part in asked.items() if spec and spec[part]}
    if not kinds <= ARCHITECTURES[name].kinds:
        able = [card.name for card in ARCHITECTURES.values() if kinds <= card.kinds]
        raise Invalid(
            f"“{name}” does not learn {' and '.join(sorted(kinds))}; choose one of {', '.join(able)}."
        )


def _number(name: str, value: Any) -> None:
    kind, low, high = _RANGES[name]
    fits = isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
    if not fits or not low <= value <= high:
        raise Invalid(f"“{name}” is a {'whole ' if kind is int else ''}number from {low} to {high}.")
