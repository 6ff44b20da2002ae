"""A person's roles, found from memberships."""

from __future__ import annotations

from fovea.accounts.access import Actor
from fovea.accounts.permissions import Role, allows
from fovea.datasets.models import Dataset, Membership


def project_roles(user_id: int, project_id: int) -> frozenset[Role]:
    """The person's roles in a project (at most one)."""
    rows = Membership.objects.filter(user_id=user_id, project_id=project_id).values_list("role", flat=True)
    return frozenset(Role(role) for role in rows)


def dataset_roles(user_id: int, dataset_id: int) -> frozenset[Role]:
    """The person's roles in any project on the dataset: whoever works on a project may see its images.

    Who made a dataset is its admin, or nobody could import into it before its first project.
    """
    rows = Membership.objects.filter(user_id=user_id, project__dataset_id=dataset_id)
    roles = {Role(role) for role in rows.values_list("role", flat=True).distinct()}
    if Dataset.objects.filter(pk=dataset_id, created_by_id=user_id).exists():
        roles.add(Role.ADMIN)
    return frozenset(roles)


def may_create_dataset(actor: Actor) -> bool:
    """Whether the actor may make a dataset: site admins, and whoever may import images somewhere."""
    if not actor.is_active or not actor.pk:
        return False
    if getattr(actor, "is_superuser", False):
        return True
    roles = Membership.objects.filter(user_id=actor.pk).values_list("role", flat=True).distinct()
    return allows({Role(role) for role in roles}, "dataset.import")


def roles_by_project(user_id: int) -> list[tuple[int, Role]]:
    """(project id, role) of every membership of the person."""
    rows = Membership.objects.filter(user_id=user_id).values_list("project_id", "role")
    return [(project_id, Role(role)) for project_id, role in rows]


def roles_by_dataset(user_id: int) -> list[tuple[int, Role]]:
    """(dataset id, role) of every dataset that the person works on in some project."""
    rows = Membership.objects.filter(user_id=user_id).values_list("project__dataset_id", "role")
    return [(dataset_id, Role(role)) for dataset_id, role in rows.distinct()]
