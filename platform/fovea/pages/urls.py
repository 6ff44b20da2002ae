"""Addresses of the pages."""

from django.urls import path

from fovea.pages.views import datasets, home, jobs, models, projects, session, site, workspace

urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in/", session.sign_in, name="sign_in"),
    path("sign-out/", session.sign_out, name="sign_out"),
    path("account/", session.account, name="account"),
    path("datasets/", datasets.datasets, name="datasets"),
    path("datasets/new/", datasets.dataset_new, name="dataset_new"),
    path("d/<slug:slug>/", datasets.dataset, name="dataset"),
    path("series/<int:series_id>/", datasets.series, name="series"),
    path("imports/<int:batch_id>/", datasets.batch, name="import"),
    path("projects/new/", projects.project_new, name="project_new"),
    path("p/<slug:slug>/", projects.project, name="project"),
    path("p/<slug:slug>/queue/", models.project_queue, name="project_queue"),
    path("p/<slug:slug>/cases/", projects.project_items, name="project_items"),
    path("p/<slug:slug>/models/", models.project_models, name="project_models"),
    path("p/<slug:slug>/models/<int:number>/", models.model, name="model"),
    path("p/<slug:slug>/settings/", projects.project_settings, name="project_settings"),
    path("p/<slug:slug>/work/", workspace.work, name="work"),
    path("items/<int:item_id>/", workspace.item, name="item"),
    path("jobs/", jobs.jobs, name="jobs"),
    path("jobs/<uuid:job_id>/", jobs.job, name="job"),
    path("people/", site.people, name="people"),
    path("health/", site.health, name="health"),
]
