"""Events of the layer below, which does not know that they are recorded."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from fovea.accounts.signals import account_event
from fovea.audit.services import event_record


@receiver(account_event)
def _record(*, actor: Any, action: str, target: str, details: dict[str, Any], **_: Any) -> None:
    event_record(actor=actor, action=action, target=target, **details)
