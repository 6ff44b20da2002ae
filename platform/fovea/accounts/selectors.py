"""Reading people and tokens."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from fovea.accounts.access import SITE, Actor, may, scopes_allowing
from fovea.accounts.models import ApiToken, User
from fovea.core.errors import Forbidden, NotFound


def users_visible(actor: Actor, *, query: str = "") -> QuerySet[User]:
    """People: everybody for site admins; those who are active for whoever may give roles somewhere.

    `query` narrows to names that contain it. Raises Forbidden for everybody else.
    """
    people = User.objects.all()
    if not may(actor, "site.admin", SITE):
        if not scopes_allowing(actor, "project.members"):
            raise Forbidden("Only people who give roles may list who is here.")
        people = people.filter(is_active=True)
    if query:
        people = people.filter(Q(username__icontains=query) | Q(display_name__icontains=query))
    return people


def user_get(actor: Actor, user_id: int) -> User:
    """One person. Raises NotFound when there is none that the actor may see."""
    user = users_visible(actor).filter(pk=user_id).first()
    if user is None:
        raise NotFound("There is no such person.")
    return user


def tokens_of(actor: Actor) -> QuerySet[ApiToken]:
    """The actor's own tokens that are not revoked."""
    return ApiToken.objects.filter(user_id=actor.pk, revoked_at=None)
