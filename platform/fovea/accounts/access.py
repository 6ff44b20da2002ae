"""Who may do what to which thing.

A thing is named by a `Scope`: ("site", 0), ("project", 7), ("dataset", 3). Apps above register how a person's roles in
their scopes are found; this app stays ignorant of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from fovea.accounts.permissions import Role, allows
from fovea.core.errors import Forbidden, NotFound


class Scope(NamedTuple):
    """The thing that a permission is about."""

    kind: str
    id: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


SITE = Scope("site", 0)

Actor = AbstractBaseUser | AnonymousUser
_resolvers: dict[str, Callable[[int, int], frozenset[Role]]] = {}


def register_scope(kind: str, roles_of: Callable[[int, int], frozenset[Role]]) -> None:
    """Teach `may` a kind of scope: `roles_of(user_id, scope_id)` gives the person's roles in it."""
    _resolvers[kind] = roles_of


def may(actor: Actor, action: str, scope: Scope) -> bool:
    """Whether the actor may do the action to the thing. Site admins may always."""
    if not actor.is_active or not actor.pk:
        return False
    if getattr(actor, "is_superuser", False):
        return True
    if scope.kind not in _resolvers:
        return False
    return allows(_resolvers[scope.kind](actor.pk, scope.id), action)


_VIEW = {"project": "project.view", "dataset": "dataset.view"}


def require(actor: Actor, action: str, scope: Scope) -> None:
    """Raise NotFound when the actor may not even know of the thing, Forbidden when the role does not allow the action."""
    if may(actor, action, scope):
        return
    if scope.kind in _VIEW and may(actor, _VIEW[scope.kind], scope):
        raise Forbidden("Your role in this project does not allow that; ask one of its admins.")
    if scope == SITE:
        raise Forbidden("Only a site admin may do that.")
    raise NotFound("There is nothing here under that address, or it is not for you to see.")
