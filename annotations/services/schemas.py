"""Changing what a project asks."""

from __future__ import annotations

from django.db import transaction

from annotations.models import LabelSchema
from annotations.selectors.schemas import schema_current
from annotations.services.items import items_sync
from annotations.spec import compatible, normalise
from fovea.accounts.access import Actor, require
from fovea.audit.services import event_record
from fovea.datasets.models import Project


@transaction.atomic
def schema_set(*, actor: Actor, project: Project, spec: object) -> LabelSchema:
    """Make a new version of the project's label schema (the same one when nothing changed), and its items when it is the first.

    Raises Invalid when the spec is not right or would change what stored labels mean.
    """
    require(actor, "project.edit", project.scope)
    Project.objects.select_for_update().get(pk=project.pk)
    checked = normalise(spec)
    current = schema_current(project)
    if current is not None:
        if current.spec == checked:
            return current
        for older in LabelSchema.objects.filter(project=project):
            compatible(older.spec, checked)
    number = current.number + 1 if current else 1
    schema = LabelSchema.objects.create(project=project, number=number, spec=checked, created_by_id=actor.pk)
    event_record(
        actor=actor, action="schema.set", scope=project.scope, target=f"schema:{schema.pk}", number=number
    )
    items_sync(project)
    return schema
