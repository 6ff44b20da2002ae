"""What a simulation does: budgets, seeds, strategies and the one recipe, frozen before any strategy runs."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from ml.acquisition.registry import STRATEGIES
from ml.data.task import Task
from ml.data.transforms import Augmentation
from ml.training.config import TrainConfig

CLASS_BALANCED = "class_balanced_oracle"
FOREGROUND_TRUTH = "foreground_oracle"
ORACLES = {
    CLASS_BALANCED: "Random with even classes, by the truth: an upper line that nobody has in practice.",
    FOREGROUND_TRUTH: "Random with 66 % of images that truly hold foreground: an upper line.",
}


@dataclass(frozen=True)
class Protocol:
    """One simulation. ``budgets`` are numbers of labelled items, the first drawn at random, the same per seed for
    every strategy; each further round selects up to the next budget. ``full_seeds`` runs on all labels give the
    score that LER refers to."""

    recipe: TrainConfig
    budgets: tuple[int, ...]
    strategies: tuple[str, ...] = ("random", "clasp")
    seeds: int = 5
    full_seeds: int = 3
    passes: str = "flips"
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = [name for name in self.strategies if name not in STRATEGIES and name not in ORACLES]
        if unknown:
            known = ", ".join([*STRATEGIES, *ORACLES])
            raise ValueError(f"There is no strategy “{unknown[0]}”; choose from {known}.")
        if len(self.budgets) < 2 or list(self.budgets) != sorted(set(self.budgets)) or self.budgets[0] < 2:
            raise ValueError("Budgets must be two or more rising numbers of labels, the first at least 2.")
        if self.seeds < 1 or self.recipe.steps < 1:
            raise ValueError("A simulation needs a seed or more and a recipe with fixed steps.")

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return asdict(self)


def budgets_between(first: int, last: int, rounds: int) -> tuple[int, ...]:
    """``rounds`` numbers of labels from first to last, evenly spaced in their logarithm."""
    return tuple(round(value) for value in np.geomspace(first, last, rounds))


_MASKS = Augmentation(elastic=0.02, gamma=0.3, flip_vertical=True)
_CNN = TrainConfig(
    architecture="small_cnn",
    size=28,
    channels=1,
    batch_size=32,
    steps=300,
    learning_rate=3e-3,
    epochs=1,
    bootstrap=0,
)
_UNET = TrainConfig(
    architecture="small_unet",
    size=64,
    channels=1,
    batch_size=16,
    steps=500,
    learning_rate=2e-3,
    epochs=1,
    augmentation=_MASKS,
    bootstrap=0,
)

# The protocol's tasks (C1, C2, I1, S1, S2): same defaults of selection for all, one recipe per kind of image.
PROTOCOLS: dict[str, Protocol] = {
    "C1": Protocol(_CNN, budgets_between(20, 360, 7), ("random", CLASS_BALANCED, "entropy", "clasp"), 20),
    "C2": Protocol(_CNN, budgets_between(20, 360, 7), ("random", CLASS_BALANCED, "entropy", "clasp"), 20),
    "I1": Protocol(
        replace(_CNN, size=64, channels=3, learning_rate=1e-3),
        budgets_between(40, 640, 5),
        ("random", CLASS_BALANCED, "entropy", "clasp"),
        10,
    ),
    "S1": Protocol(
        _UNET,
        budgets_between(12, 192, 5),
        ("random", "foreground_random", FOREGROUND_TRUTH, "strided", "clasp"),
        10,
    ),
    "S2": Protocol(
        replace(_UNET, size=128, batch_size=8),
        budgets_between(8, 128, 5),
        ("random", "foreground_random", FOREGROUND_TRUTH, "clasp"),
        10,
    ),
}


def protocol_for(task: Task, *, labelled: int, seeds: int = 5) -> Protocol:
    """A protocol for a project's own finished labels: five rounds up to half of them, with the quick recipe."""
    recipe = TrainConfig.for_task(task, labels=labelled, preset="quick").with_steps(labelled)
    first = max(4, labelled // 16)
    names = ("random", "foreground_random", "clasp") if task.classes else ("random", "entropy", "clasp")
    return Protocol(
        replace(recipe, epochs=1), budgets_between(first, max(first + 4, labelled // 2), 5), names, seeds
    )
