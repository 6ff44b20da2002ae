"""The readers of the source see every form in which a fact is written; what they miss, no page would be asked for."""

from __future__ import annotations

import ast

import pytest

from tests.docs import facts, pages


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ('raise Conflict("Taken.", code="slug_taken")', "slug_taken"),
        ('class E(FoveaError):\n    code, status = "too_large", 413', "too_large"),
        ('class E(Conflict):\n    code = "lease_held"', "lease_held"),
        ('class E(Exception):\n    code: ClassVar[str] = "error"', "error"),
        ('raise TrainingError("diverged", "Try again.")', "diverged"),
        ('raise ManifestError(\n    "mask_missing",\n    f"…"\n)', "mask_missing"),
        ('JsonResponse(error_body("method_not_allowed", "…"))', "method_not_allowed"),
        ('return _answer(request, 500, "internal", "…")', "internal"),
        ('lease.fail(*held, "unavailable", "…")', "unavailable"),
        ('_GIVEN_UP = {"code": "worker_lost", "message": "…"}', "worker_lost"),
        ('def reason(error):\n    return "out_of_memory", "…"', "out_of_memory"),
        ('_DRF_CODES: list = [(NotAcceptable, "not_acceptable")]', "not_acceptable"),
    ],
)
def test_a_code_is_seen_in_every_form(source: str, code: str) -> None:
    assert code in {found for node in ast.walk(ast.parse(source)) for found in facts._codes(node)}


@pytest.mark.parametrize(
    "source",
    [
        'env.str("FOVEA_NEW", default="")',
        'os.environ.get("FOVEA_NEW")',
        'os.environ["FOVEA_NEW"]',
        'environment.get("FOVEA_NEW", "1")',
    ],
)
def test_a_setting_is_seen_in_every_form(source: str) -> None:
    assert facts._ENVIRONMENT.findall(source) == ["FOVEA_NEW"]


def test_a_variable_of_a_shell_script_is_seen() -> None:
    assert facts._SHELL.findall("port: ${FOVEA_PORT:-8000} $HOME $$x") == ["FOVEA_PORT"]


def test_every_endpoint_is_seen_with_its_methods() -> None:
    found = facts.endpoints()
    assert ("PUT", "/api/v1/projects/{}/schema/") in found
    assert ("GET", "/api/v1/jobs/{}/cancel/") not in found, "an inherited method that the view does not take"


def test_ranges_of_codes_are_filled_in() -> None:
    assert pages.codes("`class.1` … `class.3`, `swap`") == ["class.1", "class.2", "class.3", "swap"]


def test_tables_are_read_without_their_heads() -> None:
    assert pages._table_rows("| A | B |\n| --- | :-: |\n| `x` | 1 |\n\ntext\n") == [["`x`", "1"]]
