"""Projects: making one, its overview, its cases, its settings."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from annotations.models import ItemState
from annotations.selectors import items_of, schema_current
from annotations.services import schema_set
from fovea.accounts.models import User
from fovea.accounts.permissions import ROLE_TITLES
from fovea.core.errors import Invalid, NotFound
from fovea.datasets.models import Project
from fovea.datasets.selectors.datasets import dataset_get, datasets_visible
from fovea.datasets.selectors.projects import members_of
from fovea.datasets.services.projects import member_remove, member_set, project_create, project_update
from fovea.learning.services.runs import run_start
from fovea.learning.services.settings import settings_change, settings_of
from fovea.pages.cards import project_card
from fovea.pages.door import actor_of, page, project_context
from fovea.pages.overview import overview
from fovea.pages.task_form import spec_of_form
from ml.acquisition.registry import STRATEGIES
from ml.models.registry import ARCHITECTURES

_PAGE = 60


@page
def project_new(request: HttpRequest) -> HttpResponse:
    """Put a task on a dataset."""
    actor = actor_of(request)
    if request.method == "POST":
        dataset = dataset_get(actor=actor, slug=request.POST.get("dataset", ""), action="dataset.import")
        spec = spec_of_form(request.POST)
        project = project_create(
            actor=actor,
            dataset=dataset,
            name=request.POST.get("name", ""),
            unit=request.POST.get("unit", "image"),
        )
        schema_set(actor=actor, project=project, spec=spec)
        return redirect("project", slug=project.slug)
    context = {
        "datasets": list(datasets_visible(actor=actor)[:200]),
        "chosen": request.GET.get("dataset", ""),
    }
    return render(request, "pages/project_new.html", context)


@page
def project(request: HttpRequest, slug: str) -> HttpResponse:
    """A project's overview: progress, learning curve, what runs, the front of the queue."""
    actor = actor_of(request)
    found, context = project_context(request, slug)
    if request.method == "POST" and request.POST.get("action") == "retrain":
        run_start(actor=actor, project=found)
        messages.success(request, "Training is queued; the progress below follows.", extra_tags="ok")
        return redirect("project", slug=slug)
    context |= {"card": project_card(found, actor), **overview(actor, found)}
    return render(request, "pages/project.html", context)


@page
def project_items(request: HttpRequest, slug: str) -> HttpResponse:
    """A project's cases."""
    found, context = project_context(request, slug)
    state, after = request.GET.get("state", ""), request.GET.get("after", "")
    flagged = request.GET.get("flagged") == "1"
    rows = items_of(
        actor=actor_of(request),
        project=found,
        state=state if state in ItemState.values else None,
        flagged=flagged,
    )
    if after.isdigit():
        rows = rows.filter(id__gt=int(after))
    items = list(rows[: _PAGE + 1])
    context |= {
        "items": items[:_PAGE],
        "next": items[_PAGE - 1].pk if len(items) > _PAGE else None,
        "state": state,
        "flagged": flagged,
        "states": ItemState.choices,
    }
    return render(request, "pages/project_items.html", context)


@page
def project_settings(request: HttpRequest, slug: str) -> HttpResponse:
    """A project's name, task, people and learning."""
    actor = actor_of(request)
    found, context = project_context(request, slug, "project.edit")
    if request.method == "POST":
        _SETTINGS_ACTIONS.get(request.POST.get("action", ""), _unknown)(request, found)
        messages.success(request, "Saved.", extra_tags="ok")
        return redirect("project_settings", slug=slug)
    schema = schema_current(found)
    context |= {
        "members": members_of(actor=actor, project=found),
        "roles": [(role.value, title) for role, title in ROLE_TITLES.items()],
        "schema": schema,
        "schema_text": json.dumps(schema.spec if schema else {"classes": []}, indent=2, ensure_ascii=False),
        **_learning_choices(found),
    }
    return render(request, "pages/project_settings.html", context)


def _learning_choices(project: Project) -> dict[str, Any]:
    return {
        "learning": settings_of(project),
        "strategies": STRATEGIES.values(),
        "architectures": ARCHITECTURES.values(),
    }


def _rename(request: HttpRequest, project: Project) -> None:
    post = request.POST
    project_update(
        actor=actor_of(request),
        project=project,
        name=post.get("name"),
        description=post.get("description", ""),
    )


def _set_schema(request: HttpRequest, project: Project) -> None:
    try:
        spec = json.loads(request.POST.get("schema", ""))
    except json.JSONDecodeError as error:
        raise Invalid(f"The label schema is not JSON: {error.msg}, line {error.lineno}.") from None
    schema_set(actor=actor_of(request), project=project, spec=spec)


def _set_learning(request: HttpRequest, project: Project) -> None:
    post = request.POST
    settings_change(
        actor=actor_of(request),
        project=project,
        architecture=post.get("architecture", ""),
        strategy=post.get("strategy", ""),
        auto_every=_whole(post, "auto_every"),
        every_hours=_whole(post, "every_hours"),
        auto_promote=post.get("auto_promote") == "on",
    )


def _whole(post: QueryDict, field: str) -> int:
    text = post.get(field, "").strip() or "0"
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise Invalid(f"“{field.replace('_', ' ')}” is a whole number from 0 to 999999.")
    return int(text)


def _set_member(request: HttpRequest, project: Project) -> None:
    user = User.objects.filter(username=request.POST.get("username", "").strip()).first()
    if user is None:
        raise NotFound("Nobody of that name has an account here; a site admin makes accounts.")
    if request.POST.get("role") == "":
        member_remove(actor=actor_of(request), project=project, user=user)
    else:
        member_set(actor=actor_of(request), project=project, user=user, role=request.POST.get("role", ""))


def _unknown(request: HttpRequest, project: Project) -> None:
    raise Invalid("That form is not known here; reload the page.")


_SETTINGS_ACTIONS = {"name": _rename, "schema": _set_schema, "learning": _set_learning, "member": _set_member}
