"""Saving in the workspace under faults: nothing is lost, nothing is doubled, nothing is overwritten unseen."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from .workspace_page import WorkspacePage

pytestmark = pytest.mark.browser
PATH = [(120.0, 200.0), (150.0, 215.0), (180.0, 190.0)]
SAVE = r"POST .*/annotation/"


def saves(workspace: WorkspacePage) -> list[dict[str, Any]]:
    """The save requests that reached the server, faults included."""
    return [call for call in workspace.state.requests if call["path"].endswith("/annotation/")]


def fault(workspace: WorkspacePage, **what: Any) -> None:
    """Make the next requests fail."""
    workspace.state.faults = [{"path": SAVE, "count": 1, **what}]


def end_tab(workspace: WorkspacePage) -> None:
    """Close the tab while the server still fails its last save; then the server is well again."""
    workspace.page.close()
    time.sleep(0.5)
    workspace.state.faults = []


def save_as_someone_else(address: str, item: str, version: int) -> None:
    """A save by another person on another machine."""
    body = {"key": "other", "base_version": version, "content": {"answers": {"finding": "cyst"}}}
    request = urllib.request.Request(
        f"{address}/_test/save/{item}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request).close()


def test_nothing_is_saved_in_the_middle_of_a_drag(workspace: WorkspacePage, page: Page) -> None:
    workspace.open("101")
    workspace.drag(*PATH)
    workspace.drag((100.0, 100.0), (110.0, 100.0), release=False)
    page.wait_for_timeout(2500)
    assert saves(workspace) == []
    page.mouse.up()
    stored = workspace.wait_saved()
    assert len(saves(workspace)) == 1
    assert len(stored["slices"]) == 1


def test_a_failing_server_is_said_and_the_same_save_is_sent_until_it_lands(
    workspace: WorkspacePage, page: Page
) -> None:
    workspace.open("101")
    fault(workspace, status=503, count=2)
    workspace.drag(*PATH)
    expect(page.locator(".save-state")).to_have_attribute("data-state", "offline")
    stored = workspace.wait_saved()
    assert len({call["body"]["key"] for call in saves(workspace)}) == 1
    assert len(saves(workspace)) == 3
    assert len(workspace.state.cases["101"].versions) == 1
    assert stored["slices"]


def test_an_answer_lost_after_the_commit_makes_no_second_version(workspace: WorkspacePage) -> None:
    workspace.open("101")
    fault(workspace, status=504, after=True)
    workspace.drag(*PATH)
    workspace.wait_saved()
    assert len(saves(workspace)) == 2
    assert len(workspace.state.cases["101"].versions) == 1


def test_an_expired_login_keeps_the_work_until_the_person_is_back(
    workspace: WorkspacePage, page: Page
) -> None:
    workspace.open("101")
    fault(workspace, status=403, code="not_authenticated")
    workspace.drag(*PATH)
    expect(page.locator(".save-state")).to_have_attribute("data-state", "signed-out")
    assert workspace.wait_saved()["slices"]


def test_a_refused_save_is_shown_and_the_next_change_is_tried(workspace: WorkspacePage, page: Page) -> None:
    workspace.open("101")
    fault(workspace, status=400, code="invalid")
    workspace.drag(*PATH)
    expect(page.locator(".save-state")).to_have_attribute("data-state", "refused")
    workspace.drag((100.0, 100.0))
    assert workspace.wait_saved()["slices"]


@pytest.mark.parametrize("choice", ["Keep mine", "Take theirs"])
def test_a_stale_save_is_a_conflict_that_a_person_decides(
    workspace: WorkspacePage, page: Page, server: tuple[str, Any], choice: str
) -> None:
    workspace.open("101")
    frame = workspace.frame()
    save_as_someone_else(server[0], "101", 0)
    workspace.drag(*PATH)
    mine = workspace.mask(frame)
    page.get_by_role("dialog", name="Two versions of this case").wait_for()
    assert len(workspace.state.cases["101"].versions) == 1
    page.get_by_role("button", name=choice).click()
    stored = workspace.wait_saved()
    if choice == "Keep mine":
        assert np.array_equal(workspace.mask(frame), mine)
        assert frame in stored["slices"]
        assert len(workspace.state.cases["101"].versions) == 2
    else:
        assert not workspace.mask(frame).any()
        assert stored == {"answers": {"finding": "cyst"}, "slices": {}}


def test_work_of_a_killed_tab_is_taken_up_at_the_next_start(
    workspace: WorkspacePage, page: Page, open_tab: Callable[[], WorkspacePage]
) -> None:
    workspace.open("101")
    fault(workspace, status=503, count=99)
    frame = workspace.frame()
    workspace.drag(*PATH)
    drawn = workspace.mask(frame)
    workspace.until(JOURNAL_SIZE_IS_ONE)
    end_tab(workspace)
    second = open_tab().open("101")
    assert np.array_equal(second.mask(frame), drawn)
    second.wait_saved()
    assert len(workspace.state.cases["101"].versions) == 1


def test_a_save_that_landed_unseen_before_the_tab_was_killed_is_not_doubled(
    workspace: WorkspacePage, page: Page, open_tab: Callable[[], WorkspacePage]
) -> None:
    workspace.open("101")
    workspace.state.faults = [
        {"path": SAVE, "count": 1, "status": 504, "after": True},
        {"path": SAVE, "count": 99, "status": 503},
    ]
    frame = workspace.frame()
    workspace.drag(*PATH)
    expect(page.locator(".save-state")).to_have_attribute("data-state", "offline")
    workspace.drag((60.0, 60.0))
    drawn = workspace.mask(frame)
    page.wait_for_timeout(200)
    end_tab(workspace)
    second = open_tab().open("101")
    assert np.array_equal(second.mask(frame), drawn)
    second.wait_saved()
    assert np.array_equal(second.open("101").mask(frame), drawn)
    assert len(workspace.state.cases["101"].versions) == 2


def test_unsaved_work_of_another_case_is_handed_over_in_the_background(
    workspace: WorkspacePage, page: Page, open_tab: Callable[[], WorkspacePage]
) -> None:
    workspace.open("101")
    fault(workspace, status=503, count=99)
    workspace.drag(*PATH)
    workspace.until(JOURNAL_SIZE_IS_ONE)
    end_tab(workspace)
    second = open_tab().open("102")
    second.until(JOURNAL_IS_EMPTY)
    assert len(workspace.state.cases["101"].versions) == 1


def test_unsaved_work_is_not_handed_over_under_another_name(
    workspace: WorkspacePage, page: Page, open_tab: Callable[[], WorkspacePage]
) -> None:
    workspace.open("101", user="1")
    fault(workspace, status=503, count=99)
    workspace.drag(*PATH)
    workspace.until(JOURNAL_SIZE_IS_ONE)
    end_tab(workspace)
    second = open_tab().open("101", user="2")
    assert not second.mask(second.frame()).any()
    second.page.wait_for_timeout(500)
    assert workspace.state.cases["101"].versions == []


def test_unsaved_work_that_meets_a_newer_version_is_a_conflict(
    workspace: WorkspacePage,
    page: Page,
    open_tab: Callable[[], WorkspacePage],
    server: tuple[str, Any],
) -> None:
    workspace.open("101")
    fault(workspace, status=503, count=99)
    workspace.drag(*PATH)
    workspace.until(JOURNAL_SIZE_IS_ONE)
    end_tab(workspace)
    save_as_someone_else(server[0], "101", 0)
    second = open_tab().open("101")
    second.page.get_by_role("dialog", name="Two versions of this case").wait_for()
    assert len(workspace.state.cases["101"].versions) == 1


JOURNAL_SIZE_IS_ONE = "fovea.journal.all('1').then((records) => records.length === 1)"
JOURNAL_IS_EMPTY = "fovea.journal.all('1').then((records) => records.length === 0)"
