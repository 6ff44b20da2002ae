"""Addresses below /api/v1/."""

from django.urls import path

from fovea.jobs import api, stream

urlpatterns = [
    path("jobs/", api.JobListView.as_view(), name="jobs"),
    path("jobs/<uuid:job_id>/", api.JobView.as_view(), name="job"),
    path("jobs/<uuid:job_id>/log/", api.JobLogView.as_view(), name="job_log"),
    path("jobs/<uuid:job_id>/cancel/", api.JobCancelView.as_view(), name="job_cancel"),
    path("jobs/<uuid:job_id>/retry/", api.JobRetryView.as_view(), name="job_retry"),
    path("events/", stream.events, name="events"),
]
