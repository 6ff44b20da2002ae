"""What every page's view passes through: sign-in, and errors shown as pages or as a line above the form."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import ensure_csrf_cookie

from fovea.accounts.access import may
from fovea.accounts.models import User
from fovea.core.errors import FoveaError
from fovea.datasets.models import Project
from fovea.datasets.selectors.projects import project_get

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def page(view: View[P]) -> View[P]:
    """Only for people who are signed in. A refusal becomes a page; after a form it becomes a line above the form again."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except FoveaError as error:
            if request.method == "POST":
                messages.error(request, error.message, extra_tags="bad")
                return redirect(request.get_full_path())
            return render(request, "pages/error.html", {"error": error}, status=error.status)

    # The browser's modules send the token that this cookie carries.
    return cast(View[P], login_required(ensure_csrf_cookie(guarded)))


def actor_of(request: HttpRequest) -> User:
    """Who asks; pages are behind a sign-in, so it is always a person."""
    return cast(User, request.user)


def project_context(
    request: HttpRequest, slug: str, action: str = "project.view"
) -> tuple[Project, dict[str, Any]]:
    """The project of a page and what its shell needs. Raises NotFound or Forbidden."""
    actor = actor_of(request)
    project = project_get(actor=actor, slug=slug, action=action)
    can = {
        name: may(actor, action_name, project.scope)
        for name, action_name in {
            "project_can_edit": "project.edit",
            "project_can_read": "annotation.make",
            "project_can_train": "run.start",
            "project_can_promote": "model.promote",
            "project_can_review": "annotation.review",
            "project_can_give_roles": "project.members",
        }.items()
    }
    return project, {"project": project, **can}
