"""Making projects and giving people roles in them."""

from __future__ import annotations

from django.db import transaction

from fovea.accounts.access import Actor, Scope, require
from fovea.accounts.models import User
from fovea.accounts.permissions import Role
from fovea.audit.services import event_record
from fovea.core.errors import Conflict, Invalid, NotFound
from fovea.datasets.models import Dataset, Membership, Project
from fovea.datasets.models.projects import Unit
from fovea.datasets.services.slugs import name_checked, slug_for


@transaction.atomic
def project_create(
    *,
    actor: Actor,
    dataset: Dataset,
    name: str,
    slug: str | None = None,
    unit: str = Unit.IMAGE,
    description: str = "",
) -> Project:
    """Put a task on a dataset; who makes the project becomes its admin. Raises Forbidden, NotFound, Invalid,
    Conflict.
    """
    require(actor, "dataset.import", Scope("dataset", dataset.pk))
    if unit not in Unit.values:
        raise Invalid(f"`unit` is one of {', '.join(Unit.values)}.")
    name = name_checked(name)
    project = Project.objects.create(
        dataset=dataset,
        name=name,
        slug=slug_for(Project, name, slug),
        unit=unit,
        description=description,
        created_by_id=actor.pk,
    )
    Membership.objects.create(project=project, user_id=actor.pk, role=Role.ADMIN)
    event_record(actor=actor, action="project.create", scope=project.scope, target=f"project:{project.pk}")
    return project


@transaction.atomic
def project_update(
    *, actor: Actor, project: Project, name: str | None = None, description: str | None = None
) -> Project:
    """Rename or describe a project; its slug, dataset and unit stay."""
    require(actor, "project.edit", project.scope)
    if name is not None:
        project.name = name_checked(name)
    if description is not None:
        project.description = description
    project.save(update_fields=["name", "description"])
    event_record(actor=actor, action="project.edit", scope=project.scope, target=f"project:{project.pk}")
    return project


@transaction.atomic
def member_set(*, actor: Actor, project: Project, user: User, role: str) -> Membership:
    """Give a person a role in a project, or another one. Raises Invalid, Conflict when the last admin would
    go.
    """
    require(actor, "project.members", project.scope)
    if role not in list(Role):
        raise Invalid(f"`role` is one of {', '.join(Role)}.")
    if not user.is_active:
        raise Invalid("That account is switched off; it can be given no role.")
    _lock(project)
    if role != Role.ADMIN:
        _keep_an_admin(project, user)
    membership, _ = Membership.objects.update_or_create(project=project, user=user, defaults={"role": role})
    event_record(actor=actor, action="member.set", scope=project.scope, target=f"user:{user.pk}", role=role)
    return membership


@transaction.atomic
def member_remove(*, actor: Actor, project: Project, user: User) -> None:
    """Take a person out of a project. Raises NotFound when they are not in it, Conflict for its last
    admin.
    """
    require(actor, "project.members", project.scope)
    _lock(project)
    membership = Membership.objects.filter(project=project, user=user).first()
    if membership is None:
        raise NotFound("That person is not in the project.")
    _keep_an_admin(project, user)
    membership.delete()
    event_record(actor=actor, action="member.remove", scope=project.scope, target=f"user:{user.pk}")


def _lock(project: Project) -> None:
    """Two admins who leave at the same moment are asked one after the other."""
    Project.objects.select_for_update().only("pk").get(pk=project.pk)


def _keep_an_admin(project: Project, leaving: User) -> None:
    admins = Membership.objects.filter(project=project, role=Role.ADMIN)
    if admins.filter(user=leaving).exists() and not admins.exclude(user=leaving).exists():
        raise Conflict(
            "A project keeps at least one admin; make somebody else admin first.", code="last_admin"
        )
