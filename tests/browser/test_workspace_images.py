"""Images in the workspace: every pixel value as in the file, shown the right way round, and failures said."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from .workspace_page import WorkspacePage

pytestmark = pytest.mark.browser


def displayed(page: Page) -> np.ndarray:
    """What the stage shows as grey values [row, column], labels left out."""
    page.evaluate("fovea.viewer.setVisible({hidden: true})")
    page.wait_for_timeout(150)
    picture = page.locator(".ws-view").screenshot()
    return np.asarray(Image.open(io.BytesIO(picture)).convert("L")).astype(float)


@pytest.mark.parametrize("item", ["101", "ct", "cr", "us", "multi"])
def test_values_under_the_cursor_are_those_of_the_file(workspace: WorkspacePage, item: str) -> None:
    workspace.open(item)
    ds = workspace.state.cases[item].read()[
        workspace.page.evaluate("fovea.viewer.index") if item == "101" else 0
    ]
    frame = workspace.page.evaluate("fovea.viewer.index") if item == "multi" else None
    pixels = ds.pixel_array if frame is None else ds.pixel_array[frame]
    truth = pixels.astype(float)
    if truth.ndim == 2:
        truth = truth * float(ds.get("RescaleSlope", 1)) + float(ds.get("RescaleIntercept", 0))
    rng = np.random.default_rng(1)
    points = [(int(rng.integers(ds.Columns)), int(rng.integers(ds.Rows))) for _ in range(60)]
    shown = workspace.page.evaluate(
        "(points) => points.map(([x, y]) => fovea.viewer.stage.valueAt([x + 0.5, y + 0.5]))", points
    )
    assert np.allclose(shown, [truth[y, x] for x, y in points])


def test_the_readout_names_value_and_pixel_under_the_mouse(workspace: WorkspacePage, page: Page) -> None:
    workspace.open("ct")
    ds = workspace.state.cases["ct"].read()[0]
    x, y = workspace.screen((200.5, 300.5))
    page.mouse.move(x, y)
    column, row = (int(value) for value in workspace.image((x, y)))
    value = int(ds.pixel_array[row, column] * ds.RescaleSlope + ds.RescaleIntercept)
    text = f"HU {value} (x {column}, y {row})".replace("-", "−")
    expect(page.locator(".corner-bl")).to_have_text(text)


def test_the_image_lies_where_the_tools_think_it_lies(workspace: WorkspacePage, page: Page) -> None:
    """The edge of the patient in the picture and in the pixels, at a threshold, agree to a screen pixel."""
    workspace.open("ct")
    workspace.key("1")
    shot = displayed(page)
    ds = workspace.state.cases["ct"].read()[0]
    a, _, _, d, e, f = page.evaluate("fovea.viewer.stage.transform()")
    hu = ds.pixel_array * float(ds.RescaleSlope) + float(ds.RescaleIntercept)
    y, x = np.mgrid[: shot.shape[0], : shot.shape[1]] + 0.5
    column, row = (x - e) / a, (y - f) / d
    inside = (column >= 0) & (row >= 0) & (column < ds.Columns) & (row < ds.Rows)
    inside[:90] = inside[-60:] = False
    expected = (
        np.clip(
            (hu[row.clip(0, ds.Rows - 1).astype(int), column.clip(0, ds.Columns - 1).astype(int)] + 160)
            / 400,
            0,
            1,
        )
        * 255
    )

    def difference(dx: int, dy: int) -> float:
        return float(np.abs(np.roll(shot, (dy, dx), (0, 1)) - expected)[inside].mean())

    best = min((difference(dx, dy), dx, dy) for dx in (-2, -1, 0, 1, 2) for dy in (-2, -1, 0, 1, 2))
    assert best[1:] == (0, 0)


def test_monochrome1_shows_bone_bright_and_i_inverts(workspace: WorkspacePage, page: Page) -> None:
    workspace.open("cr")
    shot = displayed(page)
    stored = workspace.state.cases["cr"].read()[0].pixel_array.astype(float)
    a, _, _, d, e, f = page.evaluate("fovea.viewer.stage.transform()")
    rows, columns = np.arange(100, 600, 7), np.arange(300, 680, 7)
    sampled = stored[((rows + 0.5 - f) / d).astype(int)][:, ((columns + 0.5 - e) / a).astype(int)]
    assert np.corrcoef(shot[rows][:, columns].ravel(), sampled.ravel())[0, 1] < -0.8
    workspace.key("i")
    inverted = displayed(page)
    assert np.corrcoef(inverted[rows][:, columns].ravel(), sampled.ravel())[0, 1] > 0.8


def test_window_presets_drag_and_reset(workspace: WorkspacePage, page: Page) -> None:
    workspace.open("ct")
    corner = page.locator(".corner-tl")
    workspace.key("2")
    expect(corner).to_contain_text("W 1500 L −600 · lung")
    workspace.key("v")
    workspace.drag((200.0, 200.0), (260.0, 200.0))
    expect(corner).not_to_contain_text("lung")
    width = page.evaluate("fovea.viewer.display.window.width")
    assert width > 1600
    workspace.key("r")
    workspace.until("fovea.viewer.display.window.width < 1500")


def test_window_stays_from_case_to_case_of_one_modality(workspace: WorkspacePage, page: Page) -> None:
    for item in ("101", "102", "103", "104"):
        workspace.state.cases[item].closed = "submitted"
    workspace.state.cases["cr"].closed = "submitted"
    workspace.state.cases["ct2"] = type(workspace.state.cases["ct"])(
        "ct2", "CT2", workspace.state.cases["ct"].files, datasets=workspace.state.cases["ct"].datasets
    )
    workspace.state.cases["us"].closed = workspace.state.cases["multi"].closed = "submitted"
    workspace.open("ct")
    workspace.key("4")
    page.get_by_role("radio", name="Cyst").click()
    workspace.key("Control+Enter")
    page.get_by_role("button", name="Submit without it").click()
    workspace.until("window.fovea.open?.doc.id === 'ct2'")
    expect(page.locator(".corner-tl")).to_contain_text("W 2500 L 480 · bone")


def test_orientation_letters_spacing_and_slice_are_in_the_corners(
    workspace: WorkspacePage, page: Page
) -> None:
    workspace.open("101")
    letters = {side: page.locator(f".corner-{side}").inner_text() for side in "lrtb"}
    assert letters == {"l": "R", "r": "L", "t": "A", "b": "P"}
    expect(page.locator(".corner-tr")).to_contain_text("Im 11/22")
    expect(page.locator(".corner-tr")).to_contain_text("mm")
    page.mouse.move(*workspace.screen((140, 160)))
    page.mouse.wheel(0, 100)
    expect(page.locator(".corner-tr")).to_contain_text("Im 12/22")
    workspace.key("End")
    expect(page.locator(".corner-tr")).to_contain_text("Im 22/22")


def test_a_case_that_cannot_be_shown_is_said_and_can_be_tried_again_or_skipped(
    workspace: WorkspacePage, page: Page
) -> None:
    page.route("**/frames/*", lambda route: route.fulfill(status=500))
    page.goto("/items/101/")
    expect(page.get_by_text("This case cannot be shown")).to_be_visible()
    expect(page.get_by_text("the server answered 500")).to_be_visible()
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_text("This case cannot be shown")).to_be_visible()
    page.unroute("**/frames/*")
    page.get_by_role("button", name="Skip this case").click()
    workspace.until("window.fovea.open?.doc.id === '102'")
    expect(page.get_by_text("This case cannot be shown")).to_be_hidden()
    assert workspace.state.cases["101"].closed == "skipped: bad_quality"


def test_without_webgl_images_are_drawn_and_can_be_labelled(workspace: WorkspacePage, page: Page) -> None:
    page.add_init_script(
        """const get = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
          return kind.startsWith('webgl') ? null : get.call(this, kind, ...more); };
        const off = OffscreenCanvas.prototype.getContext;
        OffscreenCanvas.prototype.getContext = function (kind, ...more) {
          return kind.startsWith('webgl') ? null : off.call(this, kind, ...more); };"""
    )
    workspace.open("101")
    expect(page.locator(".ws-status")).to_contain_text("No WebGL2")
    frame = workspace.frame()
    workspace.drag((120.0, 200.0), (150.0, 215.0))
    assert workspace.mask(frame).any()
    assert displayed(page).std() > 20
