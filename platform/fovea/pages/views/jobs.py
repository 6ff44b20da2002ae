"""Jobs: what runs, what ran, and what went wrong."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from fovea.accounts.access import Scope, may
from fovea.jobs import selectors, services
from fovea.jobs.models import Job, JobState
from fovea.pages.door import actor_of, page

_MOST = 100


@page
def jobs(request: HttpRequest) -> HttpResponse:
    """The newest jobs that the reader may see, live."""
    state = request.GET.get("state", "")
    rows = selectors.jobs_visible(actor_of(request), state=state if state in JobState.values else "")
    context = {"jobs": rows.order_by("-created_at")[:_MOST], "state": state, "states": JobState.choices}
    return render(request, "pages/jobs.html", context)


@page
def job(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """One job: progress, log, result; cancel and retry."""
    actor = actor_of(request)
    found = selectors.job_get(actor, job_id)
    if request.method == "POST":
        act = {"cancel": services.job_cancel, "retry": services.job_retry}.get(request.POST.get("action", ""))
        if act is not None:
            act(actor=actor, job=found)
            messages.success(request, "Done; the state below follows.", extra_tags="ok")
        return redirect("job", job_id=job_id)
    context = {
        "job": found,
        "log": selectors.job_log(found)[:2000],
        "can_control": _may_control(actor, found),
    }
    return render(request, "pages/job.html", context)


def _may_control(actor: object, job: Job) -> bool:
    kind, _, number = job.scope.partition(":")
    return job.created_by == actor or may(actor, "job.control", Scope(kind, int(number or 0)))  # type: ignore[arg-type]
