"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from fovea.accounts.link_view import sign_in_link

api = [
    path("", include("fovea.accounts.urls")),
    path("", include("fovea.jobs.urls")),
    path("", include("fovea.datasets.urls")),
    path("", include("annotations.urls")),
    path("", include("fovea.learning.urls")),
    path("", include("fovea.exports.urls")),
]

urlpatterns = [
    path("", include("fovea.core.urls")),
    path("api/v1/", include(api)),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("dicomweb/", include("fovea.datasets.dicomweb.urls")),
    path("sign-in/link/<str:key>/", sign_in_link, name="sign_in_link"),
    path("django-admin/", admin.site.urls),
    path("", include("fovea.pages.urls")),
]

handler400 = "fovea.core.views.bad_request"
handler403 = "fovea.core.views.forbidden"
handler404 = "fovea.core.views.not_found"
handler500 = "fovea.core.views.server_error"
