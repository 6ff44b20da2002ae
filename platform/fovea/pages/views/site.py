"""What site admins look after: people and the health of the parts."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from fovea.accounts import services
from fovea.accounts.access import SITE, require
from fovea.accounts.models import User
from fovea.core.errors import NotFound
from fovea.core.health import readiness
from fovea.datasets.models import Membership
from fovea.jobs.selectors import workers
from fovea.pages.door import actor_of, page

_MOST = 500


@page
def people(request: HttpRequest) -> HttpResponse:
    """Everybody with an account, and making accounts."""
    actor = actor_of(request)
    require(actor, "site.admin", SITE)
    if request.method == "POST":
        _people_action(request, actor)
        return redirect("people")
    roles: dict[int, list[str]] = {}
    for membership in Membership.objects.select_related("project")[:5000]:
        roles.setdefault(membership.user_id, []).append(
            f"{membership.get_role_display()}, {membership.project.name}"
        )
    rows = [(user, roles.get(user.pk, [])) for user in User.objects.order_by("username")[:_MOST]]
    return render(request, "pages/people.html", {"rows": rows})


def _people_action(request: HttpRequest, actor: User) -> None:
    post = request.POST
    if post.get("action") == "create":
        made = services.user_create(
            actor=actor,
            username=post.get("username", "").strip(),
            password=post.get("password", ""),
            display_name=post.get("display_name", ""),
            is_site_admin=post.get("is_admin") == "on",
        )
        messages.success(
            request, f"{made} can sign in now. Give them a role in a project's settings.", extra_tags="ok"
        )
    elif post.get("action") == "active":
        user = User.objects.filter(username=post.get("username", "")).first()
        if user is None:
            raise NotFound("Nobody of that name has an account here.")
        services.user_update(actor=actor, user=user, is_active=not user.is_active)


@page
def health(request: HttpRequest) -> HttpResponse:
    """Whether every part answers."""
    require(actor_of(request), "site.admin", SITE)
    ready, parts = readiness()
    return render(request, "pages/health.html", {"ready": ready, "parts": parts, "workers": workers()})
