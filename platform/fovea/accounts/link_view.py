"""The page of a one-time link. Opening it changes nothing, so that mail scanners and previews do not use it up."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fovea.accounts import services
from fovea.core.errors import NotFound


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_link(request: HttpRequest, key: str) -> HttpResponse:
    """GET shows whom it signs in, and a button; POST uses it up."""
    try:
        if request.method == "POST":
            services.link_consume(request, key)
            return redirect("/")
        person = services.link_find(key)
        if person is None:
            raise NotFound("This link was used already or is too old: ask for a new one.")
    except NotFound as error:
        return render(request, "accounts/link.html", {"error": error.message}, status=404)
    answer = render(request, "accounts/link.html", {"person": person})
    answer.headers["Referrer-Policy"] = "same-origin"  # the CSRF check of the form needs the origin
    return answer
