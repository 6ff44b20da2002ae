"""Reading the audit table."""

from __future__ import annotations

from django.db.models import QuerySet

from fovea.accounts.access import Actor, Scope, require
from fovea.audit.models import Event


def events(actor: Actor, scope: Scope) -> QuerySet[Event]:
    """What happened to a thing, newest first. Raises NotFound or Forbidden unless the actor manages its people."""
    require(actor, "project.members", scope)
    return Event.objects.filter(scope=str(scope)).select_related("actor").order_by("-id")


def events_of(target: object) -> QuerySet[Event]:
    """Everything recorded about one target, newest first; for services and tests, which know whom they ask for."""
    return Event.objects.filter(target=str(target)).order_by("-id")
