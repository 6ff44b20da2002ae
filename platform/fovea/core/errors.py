"""One vocabulary of errors, and one JSON shape for all of them.

Every refusal that a client sees is `{"error": {"code", "message", "details"}}`: `code` is for programs and never changes,
`message` says what happened and what to do about it, `details` holds what a program needs to go on.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions as drf
from rest_framework.response import Response
from rest_framework.views import set_rollback


class FoveaError(Exception):
    """A refusal with a reason. Subclasses fix `code` and `status`; `message` is written for the reader."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400

    def __init__(self, message: str, *, code: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.error_code = code or self.code
        self.details = details


class Invalid(FoveaError):
    """The request cannot be understood or breaks a rule."""

    code, status = "invalid", 400


class NotSignedIn(FoveaError):
    """Nobody is signed in, or the token is unknown, expired or revoked."""

    code, status = "not_signed_in", 401


class Forbidden(FoveaError):
    """Signed in, but the role does not allow it."""

    code, status = "forbidden", 403


class NotFound(FoveaError):
    """It does not exist, or the reader may not know that it does."""

    code, status = "not_found", 404


class Conflict(FoveaError):
    """It contradicts what is stored now."""

    code, status = "conflict", 409


class StaleVersion(Conflict):
    """Somebody saved since the version that this change was made on; `details.current` holds theirs."""

    code = "stale_version"


class LeaseHeld(Conflict):
    """Another person is working on it."""

    code = "lease_held"


class TooLarge(FoveaError):
    """More bytes than this installation takes."""

    code, status = "too_large", 413


class UnsupportedType(FoveaError):
    """A media type that cannot be read here."""

    code, status = "unsupported_type", 415


class TooMany(FoveaError):
    """Too often, or too many at once."""

    code, status = "too_many", 429


class Unavailable(FoveaError):
    """A part that is needed does not answer now; trying again later is right."""

    code, status = "unavailable", 503


class StorageFull(FoveaError):
    """The disk has no room; nothing of the request was kept."""

    code, status = "storage_full", 507


def error_body(code: str, message: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    """The JSON shape of every error."""
    return {"error": {"code": code, "message": message, "details": details or {}}}


_DRF_CODES: list[tuple[type[Exception], str]] = [
    (drf.ValidationError, Invalid.code),
    (drf.ParseError, Invalid.code),
    (drf.NotAuthenticated, NotSignedIn.code),
    (drf.AuthenticationFailed, NotSignedIn.code),
    (drf.PermissionDenied, Forbidden.code),
    (drf.NotFound, NotFound.code),
    (drf.MethodNotAllowed, "method_not_allowed"),
    (drf.NotAcceptable, "not_acceptable"),
    (drf.UnsupportedMediaType, UnsupportedType.code),
    (drf.Throttled, TooMany.code),
]


def _from_drf(error: drf.APIException) -> Response:
    code = next((code for kind, code in _DRF_CODES if isinstance(error, kind)), "error")
    if isinstance(error, drf.ValidationError):
        body = error_body(code, "Some fields are not right; see details.fields.", {"fields": error.detail})
    else:
        body = error_body(code, str(error.detail))
    headers = {"WWW-Authenticate": "Bearer"} if error.status_code == 401 else None
    return Response(body, status=error.status_code, headers=headers)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's hook: every known exception in the one shape; unknown ones stay a 500 of Django's."""
    if isinstance(error, Http404):
        error = NotFound("There is nothing here under that address, or it is not for you to see.")
    elif isinstance(error, DjangoPermissionDenied):
        error = Forbidden("Your role does not allow this.")
    elif isinstance(error, RequestDataTooBig):
        error = TooLarge("The request is too large; send files in parts by the upload API.")
    elif isinstance(error, OperationalError | InterfaceError):
        error = Unavailable("The database does not answer at the moment; try again in a few seconds.")
    if isinstance(error, drf.APIException):
        set_rollback()
        return _from_drf(error)
    if isinstance(error, FoveaError):
        set_rollback()
        seconds = error.details.get("retry_after", 5 if error.status == 503 else None)
        headers = {"Retry-After": str(seconds)} if seconds else None
        body = error_body(error.error_code, error.message, error.details)
        return Response(body, status=error.status, headers=headers)
    return None
