"""Reading projects and their people."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from fovea.accounts.access import Actor, require
from fovea.datasets.models import Membership, Project
from fovea.datasets.selectors.datasets import not_here


def projects_visible(*, actor: Actor) -> QuerySet[Project]:
    """The projects that the actor may see, newest first; paginate by key."""
    rows = Project.objects.select_related("dataset").order_by("-id")
    if getattr(actor, "is_superuser", False):
        return rows
    return rows.filter(Exists(Membership.objects.filter(user_id=actor.pk, project=OuterRef("pk"))))


def project_get(*, actor: Actor, slug: str, action: str = "project.view") -> Project:
    """The project of that slug, when the actor may do `action` to it. Raises NotFound or Forbidden."""
    project = Project.objects.select_related("dataset").filter(slug=slug).first()
    if project is None:
        not_here()
    require(actor, action, project.scope)
    return project


def members_of(*, actor: Actor, project: Project) -> QuerySet[Membership]:
    """The people of a project, who came first first."""
    require(actor, "project.view", project.scope)
    return Membership.objects.filter(project=project).select_related("user").order_by("id")


def role_in(*, actor: Actor, project: Project) -> str:
    """The actor's own role in a project; site admins without one count as its admins."""
    role = Membership.objects.filter(project=project, user_id=actor.pk).values_list("role", flat=True).first()
    return role or ("admin" if getattr(actor, "is_superuser", False) else "")
