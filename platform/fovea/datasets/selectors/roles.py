"""A person's roles, found from memberships."""

from __future__ import annotations

from fovea.accounts.permissions import Role
from fovea.datasets.models import Membership


def project_roles(user_id: int, project_id: int) -> frozenset[Role]:
    """The person's roles in a project (at most one)."""
    rows = Membership.objects.filter(user_id=user_id, project_id=project_id).values_list("role", flat=True)
    return frozenset(Role(role) for role in rows)


def dataset_roles(user_id: int, dataset_id: int) -> frozenset[Role]:
    """The person's roles in any project on the dataset: whoever works on a project may see its images."""
    rows = Membership.objects.filter(user_id=user_id, project__dataset_id=dataset_id)
    return frozenset(Role(role) for role in rows.values_list("role", flat=True))
