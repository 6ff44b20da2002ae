"""Addresses, below /dicomweb/ (PS3.18 section 10.4.1). UIDs are matched as text, so that a malformed one is a
plain 404.
"""

from django.urls import path

from .views import frame, metadata

_SERIES = "<slug:dataset>/studies/<str:study>/series/<str:series>"

# The stubs do not know async views.
urlpatterns = [
    path(f"{_SERIES}/metadata", metadata, name="wado-metadata"),  # type: ignore[arg-type]
    path(f"{_SERIES}/instances/<str:instance>/frames/<str:number>", frame, name="wado-frame"),  # type: ignore[arg-type]
]
