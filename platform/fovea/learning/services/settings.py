"""How a project learns: reading and changing its settings."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from fovea.accounts.access import Actor, require
from fovea.audit.services import event_record
from fovea.core.errors import Invalid
from fovea.datasets.models import Project
from fovea.learning.models import LearningSettings
from ml.acquisition.registry import STRATEGIES
from ml.models.registry import ARCHITECTURES

CHANGEABLE = (
    "architecture",
    "strategy",
    "auto_every",
    "every_hours",
    "random_share",
    "test_share",
    "auto_promote",
    "options",
)
# What `options` may hold beside the strategies' own (ml.acquisition.pool.Options): settings of the recipe.
RECIPE = ("preset", "steps", "size", "epochs", "batch_size", "learning_rate", "weights", "freeze", "seed")
_SELECTION = ("per_patient", "per_series", "slice_gap", "rounds", "beta_max", "noise", "beta")


def settings_of(project: Project) -> LearningSettings:
    """The project's settings; the defaults, not stored, when nobody has chosen."""
    found = LearningSettings.objects.filter(project=project).first()
    return found or LearningSettings(project=project)


@transaction.atomic
def settings_change(*, actor: Actor, project: Project, **changes: Any) -> LearningSettings:
    """Change some of the settings. Raises Invalid for values that no run or ranking could use."""
    require(actor, "project.edit", project.scope)
    settings = settings_of(project)
    for name, value in changes.items():
        if name not in CHANGEABLE:
            raise Invalid(f"There is no setting “{name}”; settings are {', '.join(CHANGEABLE)}.")
        setattr(settings, name, value)
    _check(settings)
    settings.save()
    event_record(
        actor=actor,
        action="learning.settings",
        scope=project.scope,
        target=f"project:{project.pk}",
        **changes,
    )
    return settings


def selection_options(settings: LearningSettings) -> dict[str, Any]:
    """What the strategies are given."""
    chosen = {name: value for name, value in settings.options.items() if name in _SELECTION}
    return {"random_share": settings.random_share, **chosen}


def recipe_options(settings: LearningSettings) -> dict[str, Any]:
    """What a run's recipe is given."""
    chosen = {name: value for name, value in settings.options.items() if name in RECIPE}
    return chosen | ({"architecture": settings.architecture} if settings.architecture else {})


def check_architecture(name: str) -> None:
    """Raise Invalid for a name that no card has."""
    if name and name not in ARCHITECTURES:
        raise Invalid(f"There is no architecture “{name}”; choose one of {', '.join(ARCHITECTURES)}.")


def check_strategy(name: str) -> None:
    """Raise Invalid for a name that no card has."""
    if name not in STRATEGIES:
        raise Invalid(f"There is no strategy “{name}”; choose one of {', '.join(STRATEGIES)}.")


def _check(settings: LearningSettings) -> None:
    check_architecture(settings.architecture)
    check_strategy(settings.strategy)
    if not 0 <= settings.random_share <= 1:
        raise Invalid("random_share lies from 0 to 1.")
    if not 0.05 <= settings.test_share <= 0.5:
        raise Invalid("test_share lies from 0.05 to 0.5: without held-out items no model can be judged.")
    unknown = set(settings.options) - {*RECIPE, *_SELECTION}
    if unknown:
        raise Invalid(f"Unknown options: {', '.join(sorted(unknown))}.")
