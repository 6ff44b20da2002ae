"""Writing audit events: inside the transaction of what they tell about, so that neither exists without the other."""

from __future__ import annotations

from typing import Any

from fovea.accounts.access import Actor, Scope
from fovea.audit.models import Event


def event_record(
    *, actor: Actor | None, action: str, scope: Scope | None = None, target: object = "", **details: Any
) -> None:
    """Append one event. `details` holds ids and numbers only; patient data never comes here."""
    Event.objects.create(
        actor_id=actor.pk if actor is not None else None,
        action=action,
        scope=str(scope) if scope else "",
        target=str(target),
        details=details,
    )
