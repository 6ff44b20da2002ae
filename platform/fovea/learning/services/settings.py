"""How a project learns: reading and changing its settings."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from fovea.accounts.access import Actor, require
from fovea.audit.services import event_record
from fovea.core.errors import Invalid
from fovea.datasets.models import Project
from fovea.learning.models import LearningSettings
from fovea.learning.services.recipe import recipe_check
from ml.acquisition.registry import STRATEGIES, Options

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
# What `options` may hold: settings of the recipe, and those of the selection (ml.acquisition.pool.Options).
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
    chosen = {name: value for name, value in settings.options.items() if name not in _SELECTION}
    return chosen | ({"architecture": settings.architecture} if settings.architecture else {})


def check_strategy(name: str) -> None:
    """Raise Invalid for a name that no card has."""
    if name not in STRATEGIES:
        raise Invalid(f"There is no strategy “{name}”; choose one of {', '.join(STRATEGIES)}.")


def _check(settings: LearningSettings) -> None:
    check_strategy(settings.strategy)
    if not 0 <= settings.random_share <= 1:
        raise Invalid("random_share lies from 0 to 1.")
    if not 0.05 <= settings.test_share <= 0.5:
        raise Invalid("test_share lies from 0.05 to 0.5: without held-out items no model can be judged.")
    if not isinstance(settings.options, dict):
        raise Invalid("options is an object.")
    recipe_check(recipe_options(settings), None)
    try:
        Options.of(selection_options(settings))
    except (TypeError, ValueError) as error:
        raise Invalid(f"options: {error}.") from None
