"""Drawing in the workspace: what the mouse did is what the server holds and what comes back, voxel for voxel."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from .workspace_page import WorkspacePage, decode_rle, polygon_truth, stroke_truth

pytestmark = pytest.mark.browser
SHAPE = (320, 280)
PATH = [(120.0, 200.0), (150.0, 215.0), (180.0, 190.0)]


def test_a_painted_stroke_is_saved_and_comes_back_after_a_reload(workspace: WorkspacePage) -> None:
    workspace.open("101")
    frame, path = workspace.frame(), workspace.drag(*PATH)
    truth = stroke_truth(SHAPE, path, 6).astype(np.uint8)
    assert np.array_equal(workspace.mask(frame), truth)
    stored = workspace.wait_saved()
    assert set(stored["slices"]) == {frame}
    assert np.array_equal(decode_rle(stored["slices"][frame], SHAPE), truth)
    workspace.open("101")
    assert np.array_equal(workspace.mask(frame), truth)


def test_a_save_after_one_stroke_is_small_and_holds_only_that_slice(workspace: WorkspacePage) -> None:
    workspace.open("101")
    workspace.drag(*PATH)
    workspace.wait_saved()
    workspace.page.keyboard.press("ArrowDown")
    workspace.until("fovea.viewer.index === 11")
    frame = workspace.frame()
    workspace.drag(*PATH)
    workspace.wait_saved()
    save = [call for call in workspace.state.requests if call["path"].endswith("/annotation/")][-1]
    assert list(save["body"]["content"]) == ["slices"]
    assert list(save["body"]["content"]["slices"]) == [frame]
    assert save["bytes"] < 10_000


def test_eraser_and_other_class_overwrite_and_undo_goes_gesture_by_gesture(workspace: WorkspacePage) -> None:
    workspace.open("101")
    frame = workspace.frame()
    first = workspace.drag(*PATH)
    workspace.key("Alt+2")
    second = workspace.drag((150.0, 180.0), (150.0, 240.0))
    after_two = stroke_truth(SHAPE, first, 6).astype(np.uint8)
    after_one = after_two.copy()
    after_two[stroke_truth(SHAPE, second, 6)] = 2
    workspace.page.keyboard.down("Control")
    third = workspace.drag((120.0, 200.0))
    workspace.page.keyboard.up("Control")
    after_three = after_two.copy()
    after_three[stroke_truth(SHAPE, third, 6)] = 0
    assert np.array_equal(workspace.mask(frame), after_three)
    workspace.key("Control+z")
    assert np.array_equal(workspace.mask(frame), after_two)
    workspace.key("Control+z")
    assert np.array_equal(workspace.mask(frame), after_one)
    workspace.key("Control+z")
    assert not workspace.mask(frame).any()
    for _ in range(3):
        workspace.key("Control+Shift+z")
    stored = workspace.wait_saved()
    assert np.array_equal(decode_rle(stored["slices"][frame], SHAPE), after_three)


def test_a_slice_emptied_again_is_absent_on_the_server(workspace: WorkspacePage) -> None:
    workspace.open("101")
    workspace.drag(*PATH)
    assert workspace.wait_saved()["slices"]
    workspace.key("Control+z")
    workspace.until("fovea.open.autosave.version === 2")
    assert workspace.wait_saved()["slices"] == {}


def test_undo_of_a_change_on_another_slice_shows_that_slice(workspace: WorkspacePage) -> None:
    workspace.open("101")
    frame = workspace.frame()
    workspace.drag(*PATH)
    workspace.key("Home")
    workspace.until("fovea.viewer.index === 0")
    workspace.key("Control+z")
    workspace.until("(key) => fovea.viewer.frameKey === key", frame)


def test_painting_while_zoomed_and_panned_hits_the_same_pixels(workspace: WorkspacePage) -> None:
    workspace.open("101")
    x, y = workspace.screen((140, 200))
    workspace.page.mouse.move(x, y)
    workspace.page.keyboard.down("Control")
    workspace.page.mouse.wheel(0, -300)
    workspace.page.keyboard.up("Control")
    workspace.drag((140.0, 200.0), (130.0, 195.0), button="middle")
    assert workspace.page.evaluate("fovea.viewer.stage.zoom") > 3
    frame = workspace.frame()
    path = workspace.drag((130.0, 200.0), (150.0, 205.0))
    assert np.array_equal(workspace.mask(frame), stroke_truth(SHAPE, path, 6).astype(np.uint8))


def test_brush_size_by_wheel_and_keys(workspace: WorkspacePage) -> None:
    workspace.open("101")
    workspace.page.mouse.move(*workspace.screen((140, 200)))
    for _ in range(3):
        workspace.key("BracketLeft")
    small = workspace.page.evaluate("fovea.viewer.brushRadius")
    assert small < 6
    workspace.page.keyboard.down("Shift")
    workspace.page.mouse.wheel(0, -100)
    workspace.page.keyboard.up("Shift")
    workspace.until("(small) => fovea.viewer.brushRadius > small", small)
    radius = workspace.page.evaluate("fovea.viewer.brushRadius")
    path = workspace.drag(*PATH)
    assert np.array_equal(workspace.mask(workspace.frame()) > 0, stroke_truth(SHAPE, path, radius))


def test_a_polygon_by_clicks_fills_its_class(workspace: WorkspacePage) -> None:
    workspace.open("101")
    workspace.key("p")
    corners = [(100.0, 180.0), (170.0, 175.0), (185.0, 230.0), (110.0, 240.0)]
    clicked = []
    for corner in corners:
        clicked.append(workspace.click(corner))
        workspace.page.wait_for_timeout(400)
    workspace.key("Enter")
    assert np.array_equal(workspace.mask(workspace.frame()) == 1, polygon_truth(SHAPE, clicked))
    workspace.key("Control+z")
    assert not workspace.mask(workspace.frame()).any()


def test_a_freehand_polygon_closes_when_the_button_comes_up(workspace: WorkspacePage) -> None:
    workspace.open("101")
    workspace.key("p")
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    path = workspace.drag(*[(140 + 40 * np.cos(a), 200 + 30 * np.sin(a)) for a in angles])
    drawn, truth = workspace.mask(workspace.frame()) == 1, polygon_truth(SHAPE, path)
    assert (drawn & truth).sum() * 2 / (drawn.sum() + truth.sum()) > 0.98


def test_a_polygon_can_be_kept_as_an_outline_and_escape_abandons_one(
    workspace: WorkspacePage, page: Page
) -> None:
    workspace.open("101")
    workspace.key("p")
    page.get_by_label("Keep as outline, do not fill").check()
    workspace.click((50.0, 50.0))
    workspace.key("Escape")
    clicked = []
    for corner in [(100.0, 180.0), (170.0, 175.0), (185.0, 230.0)]:
        clicked.append(workspace.click(corner))
        page.wait_for_timeout(400)
    workspace.key("Enter")
    stored = workspace.wait_saved()
    assert stored.get("slices", {}) == {}
    polygon = stored["polygons"][0]
    assert polygon["frame"] == workspace.frame()
    assert np.allclose(polygon["points"], clicked, atol=0.006)


def test_a_box_is_drawn_moved_resized_and_deleted(workspace: WorkspacePage) -> None:
    workspace.open("101")
    workspace.key("d")
    (x1, y1), (x2, y2) = workspace.drag((100.0, 100.0), (160.0, 150.0))
    box = workspace.wait_saved()["boxes"][0]
    assert (box["class"], box["frame"]) == ("finding", workspace.frame())
    assert np.allclose([box["x"], box["y"], box["w"], box["h"]], [x1, y1, x2 - x1, y2 - y1], atol=0.01)
    start, end = workspace.drag((130.0, 120.0), (140.0, 125.0))
    moved = workspace.wait_saved()["boxes"][0]
    assert moved["id"] == box["id"]
    assert np.allclose([moved["x"], moved["w"]], [box["x"] + end[0] - start[0], box["w"]], atol=0.02)
    corner = (moved["x"] + moved["w"], moved["y"] + moved["h"])
    _, end = workspace.drag(corner, (200.0, 190.0))
    sized = workspace.wait_saved()["boxes"][0]
    assert np.allclose([sized["x"], sized["x"] + sized["w"]], [moved["x"], end[0]], atol=0.02)
    workspace.key("Delete")
    assert workspace.wait_saved()["boxes"] == []
    workspace.key("Control+z")
    assert len(workspace.wait_saved()["boxes"]) == 1


def test_a_locked_class_is_not_painted_over(workspace: WorkspacePage, page: Page) -> None:
    workspace.open("101")
    frame = workspace.frame()
    path = workspace.drag(*PATH)
    page.get_by_role("button", name="Lock organ").click()
    workspace.key("Alt+2")
    other = workspace.drag((150.0, 180.0), (150.0, 240.0))
    truth = np.zeros(SHAPE, np.uint8)
    truth[stroke_truth(SHAPE, other, 6)] = 2
    truth[stroke_truth(SHAPE, path, 6)] = 1
    assert np.array_equal(workspace.mask(frame), truth)


def test_a_stroke_cut_off_by_escape_leaves_nothing(workspace: WorkspacePage, page: Page) -> None:
    workspace.open("101")
    workspace.drag(*PATH, release=False)
    workspace.key("Escape")
    page.mouse.up()
    assert not workspace.mask(workspace.frame()).any()
    expect(page.locator('[data-action="undo"]')).to_be_disabled()
