"""Datasets: what is in them, and bringing images in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from fovea.accounts.access import may
from fovea.core.errors import NotFound
from fovea.datasets.models import ImportFile, Series
from fovea.datasets.selectors.datasets import dataset_get, dataset_scope, datasets_visible
from fovea.datasets.selectors.frames import frames_of
from fovea.datasets.selectors.imports import import_get, imports_of
from fovea.datasets.selectors.projects import projects_visible
from fovea.datasets.selectors.roles import may_create_dataset
from fovea.datasets.services.datasets import dataset_create
from fovea.pages.door import actor_of, page

_PAGE = 60
_MOST_DATASETS = 200


@page
def datasets(request: HttpRequest) -> HttpResponse:
    """Every dataset that the reader may see."""
    actor = actor_of(request)
    rows = list(datasets_visible(actor=actor)[:_MOST_DATASETS])
    return render(request, "pages/datasets.html", {"datasets": rows, "may_create": may_create_dataset(actor)})


@page
def dataset_new(request: HttpRequest) -> HttpResponse:
    """Make a dataset."""
    if request.method == "POST":
        made = dataset_create(
            actor=actor_of(request),
            name=request.POST.get("name", ""),
            description=request.POST.get("description", ""),
        )
        return redirect("dataset", slug=made.slug)
    return render(request, "pages/dataset_new.html")


@page
def dataset(request: HttpRequest, slug: str) -> HttpResponse:
    """A dataset's images as thumbnails, with filters, and the place to drop more."""
    actor = actor_of(request)
    found = dataset_get(actor=actor, slug=slug)
    rows = Series.objects.filter(dataset=found).select_related("study__patient").order_by("id")
    modality, search = request.GET.get("modality", ""), request.GET.get("search", "").strip()
    if modality:
        rows = rows.filter(modality=modality)
    if search:
        rows = rows.filter(study__patient__key__icontains=search) | rows.filter(description__icontains=search)
    after = request.GET.get("after", "")
    if after.isdigit():
        rows = rows.filter(id__gt=int(after))
    series = list(rows[: _PAGE + 1])
    can_import = may(actor, "dataset.import", dataset_scope(found))
    context = {
        "dataset": found,
        "series": series[:_PAGE],
        "next": series[_PAGE - 1].pk if len(series) > _PAGE else None,
        "modalities": sorted(
            set(Series.objects.filter(dataset=found).values_list("modality", flat=True).distinct()) - {""}
        ),
        "modality": modality,
        "search": search,
        "imports": imports_of(actor=actor, dataset_id=found.pk)[:5] if can_import else [],
        "can_import": can_import,
        "projects": list(projects_visible(actor=actor).filter(dataset=found)[:20]),
    }
    return render(request, "pages/dataset.html", context)


@page
def series(request: HttpRequest, series_id: int) -> HttpResponse:
    """What is known of one series: order, spacing, what was found odd, its files."""
    found = Series.objects.select_related("dataset", "study__patient").filter(pk=series_id).first()
    if found is None:
        raise NotFound("There is no such series, or it is not for you to see.")
    dataset_get(actor=actor_of(request), slug=found.dataset.slug)
    context = {"series": found, "dataset": found.dataset, "frames": frames_of(found)[:400]}
    return render(request, "pages/series.html", context)


@page
def batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    """An import: progress, counts, and the files that could not be read, with their reasons."""
    found = import_get(actor=actor_of(request), import_id=batch_id)
    odd = ImportFile.objects.filter(batch=found, status__in=("failed", "conflict", "ignored")).order_by(
        "status", "id"
    )
    return render(request, "pages/import.html", {"batch": found, "dataset": found.dataset, "odd": odd[:200]})
