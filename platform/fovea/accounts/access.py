"""Who may do what to which thing.

A thing is named by a `Scope`: ("site", 0), ("project", 7), ("dataset", 3). Apps above register how a person's roles in
their scopes are found; this app stays ignorant of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

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

if TYPE_CHECKING:
    from fovea.accounts.models import User as Actor  # nobody at all (AnonymousUser) is refused by `require`
else:
    Actor = AbstractBaseUser | AnonymousUser

RolesOf = Callable[[int, int], frozenset[Role]]
RolesByScope = Callable[[int], Iterable[tuple[int, Role]]]
_resolvers: dict[str, RolesOf] = {}
_listers: dict[str, RolesByScope] = {}


def register_scope(kind: str, roles_of: RolesOf, roles_by_scope: RolesByScope | None = None) -> None:
    """Teach `may` a kind of scope: `roles_of(user_id, scope_id)` gives the person's roles in it, and
    `roles_by_scope(user_id)` every (scope id, role) the person holds, for lists."""
    _resolvers[kind] = roles_of
    if roles_by_scope is not None:
        _listers[kind] = roles_by_scope


def may(actor: Actor, action: str, scope: Scope) -> bool:
    """Whether the actor may do the action to the thing. Site admins may always."""
    if not actor.is_active or not actor.pk:
        return False
    if getattr(actor, "is_superuser", False):
        return True
    if scope.kind not in _resolvers:
        return False
    return allows(_resolvers[scope.kind](actor.pk, scope.id), action)


def scopes_allowing(actor: Actor, action: str) -> set[Scope] | None:
    """Every thing that the actor may do the action to; None means all there are (a site admin)."""
    if not actor.is_active or not actor.pk:
        return set()
    if getattr(actor, "is_superuser", False):
        return None
    return {
        Scope(kind, scope_id)
        for kind, roles_by_scope in _listers.items()
        for scope_id, role in roles_by_scope(actor.pk)
        if allows({role}, action)
    }


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
