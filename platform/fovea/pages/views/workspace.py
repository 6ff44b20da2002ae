"""The reading room: a shell that the browser's modules fill."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from annotations.selectors import item_get
from fovea.pages.door import actor_of, page, project_context


@page
def work(request: HttpRequest, slug: str) -> HttpResponse:
    """Open the next item of a project."""
    _, context = project_context(request, slug, "annotation.make")
    return render(request, "pages/workspace.html", context)


@page
def item(request: HttpRequest, item_id: int) -> HttpResponse:
    """Open that item."""
    found = item_get(actor=actor_of(request), item_id=item_id)
    context = {"project": found.project, "item_id": item_id}
    return render(request, "pages/workspace.html", context)
