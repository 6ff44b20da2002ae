"""Every refusal has the one shape, whoever raises it."""

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions as drf

from fovea.core import errors


def every(kind):
    """A class and all that derive from it."""
    return [kind, *(found for sub in kind.__subclasses__() for found in every(sub))]


OURS = [kind for kind in every(errors.FoveaError) if kind.__module__ == errors.__name__]
OTHERS = [
    (drf.ValidationError({"name": ["required"]}), 400, "invalid"),
    (drf.ParseError(), 400, "invalid"),
    (drf.NotAuthenticated(), 401, "not_signed_in"),
    (drf.AuthenticationFailed(), 401, "not_signed_in"),
    (drf.PermissionDenied(), 403, "forbidden"),
    (drf.NotFound(), 404, "not_found"),
    (drf.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
    (drf.NotAcceptable(), 406, "not_acceptable"),
    (drf.UnsupportedMediaType("text/csv"), 415, "unsupported_type"),
    (drf.Throttled(), 429, "too_many"),
    (Http404("Patient Doe^Jane"), 404, "not_found"),
    (PermissionDenied("Doe^Jane"), 403, "forbidden"),
    (RequestDataTooBig(), 413, "too_large"),
    (OperationalError("password=secret"), 503, "unavailable"),
    (InterfaceError("connection already closed"), 503, "unavailable"),
]


def shape(answer):
    """The parts of an error, checked to be all there are."""
    body = answer.data
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "details"}
    assert body["error"]["message"]
    return answer.status_code, body["error"]["code"]


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_each_of_our_errors(kind):
    error = kind("It happened; do this.", hint=1)
    answer = errors.exception_handler(error, {})
    assert shape(answer) == (kind.status, kind.code)
    assert answer.data["error"]["message"] == "It happened; do this."
    assert answer.data["error"]["details"] == {"hint": 1}
    assert answer.has_header("Retry-After") is (kind.status == 503)


@pytest.mark.parametrize(("error", "status", "code"), OTHERS, ids=lambda value: type(value).__name__)
def test_each_error_of_others(error, status, code):
    answer = errors.exception_handler(error, {})
    assert shape(answer) == (status, code)
    assert "Doe" not in str(answer.data)
    assert "secret" not in str(answer.data)


def test_fields_that_are_wrong_are_named():
    answer = errors.exception_handler(drf.ValidationError({"name": ["required"]}), {})
    assert answer.data["error"]["details"] == {"fields": {"name": ["required"]}}


def test_a_wait_is_told_in_the_header_too():
    answer = errors.exception_handler(errors.TooMany("Wait.", retry_after=900), {})
    assert answer["Retry-After"] == "900"


def test_what_nobody_foresaw_is_left_to_django():
    assert errors.exception_handler(ZeroDivisionError(), {}) is None


def test_codes_and_statuses_are_distinct():
    codes = [kind.code for kind in OURS]
    assert len(set(codes)) == len(codes)
