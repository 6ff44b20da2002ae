"""Reading case after case: the proposal, the questions, submit and next, skip, and what keys do."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from . import workspace_server
from .workspace_page import WorkspacePage, decode_rle

pytestmark = pytest.mark.browser
SHAPE = (320, 280)


def proposed(workspace: WorkspacePage, item: str) -> dict[str, np.ndarray]:
    """The proposed label maps of a case."""
    prediction = workspace.state.cases[item].prediction
    assert prediction is not None
    return {key: decode_rle(text, SHAPE) for key, text in prediction["content"]["slices"].items()}


def save_state(workspace: WorkspacePage) -> dict[str, list[str]]:
    """What the last save said became of the proposal."""
    saves = [call for call in workspace.state.requests if call["path"].endswith("/annotation/")]
    decisions = saves[-1]["body"]["prediction"]
    return {key: sorted(decisions[key]) for key in ("accepted", "corrected", "rejected")}


def test_the_proposal_is_shown_but_not_taken_until_it_is_accepted(workspace: WorkspacePage) -> None:
    workspace.open("101")
    assert not workspace.mask(workspace.frame()).any()
    assert workspace.frame() in proposed(workspace, "101"), "a case opens where most is proposed"
    workspace.key("Enter")
    stored = workspace.wait_saved()
    truth = proposed(workspace, "101")
    assert {key: decode_rle(text, SHAPE).tolist() for key, text in stored["slices"].items()} == {
        key: mask.tolist() for key, mask in truth.items()
    }
    assert stored["answers"] == {"finding": "glioma"}
    assert [(box["class"], "score" in box) for box in stored["boxes"]] == [("finding", False)]
    assert save_state(workspace)["accepted"] == ["finding", "lesion", "organ", "question:finding"]
    workspace.key("Control+z")
    assert not workspace.mask(workspace.frame()).any(), "accepting is one undo step"


def test_one_class_is_accepted_and_corrected_another_rejected(workspace: WorkspacePage, page: Page) -> None:
    workspace.open("101")
    frame = workspace.frame()
    page.get_by_role("button", name="Accept lesion").click()
    page.get_by_role("button", name="Reject organ").click()
    lesion = proposed(workspace, "101")[frame] == 2
    assert np.array_equal(workspace.mask(frame), lesion * np.uint8(2))
    workspace.wait_saved()
    assert save_state(workspace) == {"accepted": ["lesion"], "corrected": [], "rejected": ["organ"]}
    workspace.key("Alt+2")
    workspace.drag((60.0, 60.0))
    workspace.wait_saved()
    assert save_state(workspace)["corrected"] == ["lesion"]


def test_what_a_person_drew_is_kept_when_the_proposal_is_accepted(workspace: WorkspacePage) -> None:
    workspace.open("101")
    frame = workspace.frame()
    workspace.key("Alt+2")
    workspace.drag((110.0, 140.0), (125.0, 150.0))
    drawn = workspace.mask(frame) == 2
    workspace.key("Enter")
    assert (workspace.mask(frame)[drawn] == 2).all()
    assert np.array_equal(workspace.mask(frame)[~drawn], proposed(workspace, "101")[frame][~drawn])


def test_suggested_answers_are_preselected_and_one_press_corrects_them(
    workspace: WorkspacePage, page: Page
) -> None:
    workspace.open("101")
    glioma = page.get_by_role("radio", name="Glioma")
    expect(glioma).to_have_class(re.compile("suggested"))
    expect(glioma).to_have_attribute("aria-checked", "false")
    page.get_by_role("radio", name="Cyst").click()
    page.get_by_role("checkbox", name="Oedema").click()
    page.get_by_role("checkbox", name="Bleeding").click()
    page.get_by_role("radio", name="4").click()
    stored = workspace.wait_saved()
    assert stored["answers"] == {"finding": "cyst", "signs": ["oedema", "bleeding"], "quality": "4"}
    assert "question:finding" in save_state(workspace)["corrected"]
    page.get_by_role("radio", name="4").click()
    workspace.until("!('quality' in fovea.open.document.answers)")


def test_submit_asks_about_an_undecided_proposal_then_shows_the_preloaded_next_case(
    workspace: WorkspacePage, page: Page
) -> None:
    workspace.open("101")
    expect(page.locator(".ws-status")).to_have_attribute("data-next", "ready")
    before = len(workspace.state.requests)
    workspace.key("Control+Enter")
    page.get_by_role("button", name="Accept and submit").click()
    workspace.until("window.fovea.open?.doc.id === '102'")
    asked = [call["path"] for call in workspace.state.requests[before:]]
    first_index = page.evaluate("fovea.viewer.index")
    first = page.evaluate("fovea.open.doc.frames[fovea.viewer.index].image_id")
    assert first_index == 10
    assert first not in asked, "the next case's first image was there before it was needed"
    case = workspace.state.cases["101"]
    assert case.closed == "submitted"
    assert case.versions[-1]["content"]["answers"] == {"finding": "glioma"}
    assert len(case.versions[-1]["content"]["slices"]) == 3
    assert page.url.endswith("/items/102/")


def test_submit_without_the_proposal_leaves_an_empty_version(workspace: WorkspacePage, page: Page) -> None:
    workspace.open("101")
    workspace.key("Control+Enter")
    page.get_by_role("button", name="Submit without it").click()
    workspace.until("window.fovea.open?.doc.id === '102'")
    content = workspace.state.cases["101"].versions[-1]["content"]
    assert content["slices"] == {}


def test_a_required_question_without_answer_or_suggestion_stops_the_submission(
    workspace: WorkspacePage, page: Page
) -> None:
    case = workspace.state.cases["101"]
    case.prediction = None
    workspace.open("101")
    workspace.key("Control+Enter")
    expect(page.get_by_text("Please answer before you submit.")).to_be_visible()
    assert case.closed == ""
    page.get_by_role("radio", name="Cyst").click()
    workspace.key("Control+Enter")
    workspace.until("window.fovea.open?.doc.id === '102'")
    assert case.closed == "submitted"


def test_a_failed_submission_leaves_the_case_open_and_says_why(workspace: WorkspacePage, page: Page) -> None:
    case = workspace.state.cases["101"]
    case.prediction = None
    workspace.open("101")
    page.get_by_role("radio", name="Cyst").click()
    workspace.wait_saved()
    workspace.state.faults = [{"path": "POST .*/submit/", "count": 1, "status": 503}]
    workspace.key("Control+Enter")
    expect(page.locator(".toast")).to_contain_text("A fault of the test.")
    assert workspace.item() == "101"
    expect(page.get_by_role("button", name="Submit and next")).to_be_enabled()


def test_skip_with_a_reason_and_flag_with_a_note(workspace: WorkspacePage, page: Page) -> None:
    workspace.open("101")
    page.get_by_role("button", name="Flag…").click()
    page.get_by_label("Note").fill("Please look at segment VI")
    page.get_by_role("button", name="Flag", exact=True).click()
    expect(page.locator(".toast")).to_contain_text("Flagged")
    page.get_by_role("button", name="Skip…").click()
    page.get_by_label("I am not sure; someone else should read it").check()
    page.get_by_role("button", name="Skip", exact=True).click()
    workspace.until("window.fovea.open?.doc.id === '102'")
    assert workspace.state.cases["101"].closed == "skipped: unsure"
    flags = [call["body"] for call in workspace.state.requests if call["path"].endswith("/flag/")]
    assert flags == [{"note": "Please look at segment VI"}]


def test_when_nothing_waits_the_page_says_so(workspace: WorkspacePage, page: Page) -> None:
    for case in workspace.state.cases.values():
        case.closed = "submitted"
    page.goto("/p/demo/work/")
    expect(page.get_by_text("Nothing is waiting for you")).to_be_visible()


def test_another_readers_case_is_said(workspace: WorkspacePage, page: Page) -> None:
    workspace.state.cases["101"].holder = "Dr. Huber"
    workspace.open("101")
    expect(page.locator(".ws-banner")).to_contain_text("Dr. Huber is working on this case")


def test_keys_are_off_while_typing_and_the_overlay_lists_them(workspace: WorkspacePage, page: Page) -> None:
    workspace.open("101")
    workspace.key("Shift+Slash")
    dialog = page.get_by_role("dialog", name="Shortcuts")
    expect(dialog).to_contain_text("Submit and next")
    workspace.key("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Flag…").click()
    page.get_by_label("Note").type("bpe")
    assert page.evaluate("fovea.viewer.tool") == "brush"
    expect(page.get_by_label("Note")).to_have_value("bpe")


def test_space_peeks_while_held_and_h_hides(workspace: WorkspacePage, page: Page) -> None:
    workspace.open("101")
    page.mouse.click(*workspace.screen((5, 5)))
    page.keyboard.down("Space")
    assert page.evaluate("fovea.viewer.overlay.hidden") is True
    page.keyboard.up("Space")
    assert page.evaluate("fovea.viewer.overlay.hidden") is False
    workspace.key("h")
    assert page.evaluate("fovea.viewer.overlay.hidden") is True


def test_where_there_is_nothing_to_draw_alt_and_a_digit_answers(
    workspace: WorkspacePage, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions_only = {**workspace_server.SCHEMA, "classes": [], "boxes": []}
    monkeypatch.setattr(workspace_server, "SCHEMA", questions_only)
    workspace.state.cases["101"].prediction = None
    workspace.open("101")
    expect(page.locator('[data-action="tool.brush"]')).to_be_hidden()
    workspace.key("Alt+2")
    workspace.key("Alt+3")
    assert workspace.wait_saved()["answers"] == {"finding": "glioma", "signs": ["bleeding"]}
