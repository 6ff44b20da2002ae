"""The first screen."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from fovea.datasets.selectors.datasets import datasets_visible
from fovea.datasets.selectors.projects import projects_visible
from fovea.datasets.selectors.roles import may_create_dataset
from fovea.pages.cards import project_card
from fovea.pages.door import actor_of, page

_MOST = 60


@page
def home(request: HttpRequest) -> HttpResponse:
    """Where to go on: the projects to read, to train, or to set up."""
    actor = actor_of(request)
    cards = [project_card(project, actor) for project in projects_visible(actor=actor)[:_MOST]]
    reading = [card for card in cards if card.can_read and card.counts["waiting"]]
    reading.sort(key=lambda card: card.counts["waiting"])
    context = {
        "cards": cards,
        "continue": reading[0] if reading and not actor.is_superuser else None,
        "may_create": may_create_dataset(actor),
        "datasets": list(datasets_visible(actor=actor)[:8]),
    }
    return render(request, "pages/home.html", context)
