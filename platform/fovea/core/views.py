"""Pages of the installation itself: health, and what to say when something is not there or broke."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fovea.core.errors import error_body
from fovea.core.health import readiness

_MACHINES = ("/api/", "/dicomweb/", "/healthz", "/readyz")
_NO_DATABASE = "The database does not answer at the moment; try again in a few seconds."


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "alive"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether every part can do its work: 200 or 503, and part by part which."""
    ready, parts = readiness()
    answer = JsonResponse({"ready": ready, "parts": parts}, status=200 if ready else 503)
    if not ready:
        answer.headers["Retry-After"] = "5"
        answer._has_been_logged = True  # type: ignore[attr-defined] # whoever polls while we start fills no log
    return answer


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 outside REST framework: a request that Django itself refuses."""
    return _answer(request, 400, "invalid", "The request cannot be understood.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403 outside REST framework."""
    return _answer(request, 403, "forbidden", "Your role does not allow this.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that did not come from a page of ours, or from one that is too old."""
    return _answer(request, 403, "forbidden", "The form is too old or not from this site; reload the page.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404 outside REST framework."""
    return _answer(
        request, 404, "not_found", "There is nothing here under that address, or it is not for you to see."
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """What nobody foresaw: 500 without a detail. A database that does not answer: 503, and when to try again."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        answer = _answer(request, 503, "unavailable", _NO_DATABASE)
        answer.headers["Retry-After"] = "5"
        return answer
    return _answer(request, 500, "internal", "Something broke on the server; its log holds what. Try again.")


def _answer(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    if request.path.startswith(_MACHINES):
        return JsonResponse(error_body(code, message), status=status)
    return render(request, "core/error.html", {"status": status, "message": message}, status=status)
