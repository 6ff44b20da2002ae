"""The product's main job, done in a browser on the demo that `make up` loads: read, save, retrain, promote, read pre-filled."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.workspace_page import WorkspacePage, decode_rle, stroke_truth
from tests.flows.site import Site, until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PROJECT = "demo-lesions"


class Reader(WorkspacePage):
    """The workspace of the real site."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def next(self, project: str) -> Reader:
        """Open the best waiting case, as "Continue reading" does."""
        self.page.goto(f"/p/{project}/work/")
        self.wait_painted()
        return self

    def wait_saved(self) -> dict[str, Any]:
        """Until the server holds everything; returns what it answers for the case."""
        expect(self.page.locator(".save-state")).to_have_attribute("data-state", "saved", timeout=20_000)
        self.until("!fovea.open.autosave.unsaved")
        return get(self.page, f"items/{self.item()}/annotation/")


def get(page: Page, path: str) -> Any:
    """What the API answers to the person of that page."""
    answer = page.request.get(f"/api/v1/{path}")
    assert answer.ok, answer.text()
    return answer.json()


def test_the_loop_in_a_browser(site: Site, sign_in: Callable[[str], Page]) -> None:
    reader = Reader(sign_in("demo-radiologist"))
    scientist = sign_in("demo-scientist")
    until(lambda: reader.page.request.get(f"/api/v1/projects/{PROJECT}/").ok, 240, site.text)
    until(lambda: get(scientist, f"projects/{PROJECT}/queue/")["results"], 60, site.text)

    # The radiologist paints with the mouse; what was painted is saved, and comes back after a reload voxel for voxel.
    reader.next(PROJECT)
    item, frame = reader.item(), reader.frame()
    before = reader.mask(frame).copy()
    radius = reader.page.evaluate("fovea.viewer.brushRadius")
    path = reader.drag((50.0, 60.0), (70.0, 66.0), (76.0, 80.0))
    after = reader.mask(frame)
    painted = stroke_truth(before.shape, path, radius)
    assert (after != before).any()
    assert np.array_equal(after[~painted], before[~painted])
    saved = reader.wait_saved()
    assert np.array_equal(decode_rle(saved["content"]["slices"][frame], before.shape), after)
    reader.page.goto(f"/items/{item}/")
    reader.wait_painted()
    assert np.array_equal(reader.mask(frame), after)

    # Ready for the next case: submit, and the next one is on show.
    reader.page.keyboard.press("Control+Enter")
    reader.until(
        f"fovea.open && String(fovea.open.doc.id) !== '{item}' && Boolean(fovea.viewer.frameKey)", seconds=30
    )
    assert get(reader.page, f"items/{item}/annotation/")["submitted"] is True

    # The demo's own first training ends with a model in use and a ranked queue.
    until(lambda: in_use(scientist) is not None, 420, lambda: jobs(scientist), alive=site.alive)
    until(lambda: not live(scientist), 300, lambda: jobs(scientist), alive=site.alive)
    first = in_use(scientist)

    # The data scientist retrains by the button and watches the progress move.
    scientist.goto(f"/p/{PROJECT}/")
    scientist.get_by_role("button", name="Retrain").click()
    bar = scientist.locator("progress[data-job]").first
    expect(bar).to_be_visible(timeout=15_000)
    until(
        lambda: newest(scientist)["number"] > first["number"], 420, lambda: jobs(scientist), alive=site.alive
    )

    # Whatever the verdict was, the data scientist puts the new model into use on its page.
    second = newest(scientist)
    scientist.goto(f"/p/{PROJECT}/models/{second['number']}/")
    button = scientist.get_by_role("button", name="Put into use")
    if button.count():
        button.click()
        expect(scientist.locator("h1 .pill")).to_have_text("in use")
    until(lambda: in_use(scientist)["number"] == second["number"], 60, lambda: jobs(scientist))
    until(lambda: not live(scientist), 300, lambda: jobs(scientist), alive=site.alive)

    # The radiologist's next case is pre-filled by the new model, with its name, its confidence and why it was chosen.
    reader.next(PROJECT)
    document = reader.page.evaluate("({prediction: fovea.open.doc.prediction, why: fovea.open.doc.why})")
    assert document["prediction"]["model"]["number"] == second["number"]
    assert document["prediction"]["content"]["slices"]
    assert 0 <= document["prediction"]["confidence"]["overall"] <= 1
    assert document["why"]["text"]
    expect(reader.page.locator("#workspace")).to_contain_text(f"model {second['number']}")
    proposed = document["prediction"]["content"]["slices"]
    reader.page.get_by_role("button", name="Accept all").click()
    accepted = reader.wait_saved()
    assert accepted["content"]["slices"] == {k: v for k, v in proposed.items() if not empty(v)}


def empty(text: str) -> bool:
    """Whether a label map on the wire is all background: one run of zeros."""
    code = base64.b64decode(text)
    return code[0] == 0 and all(byte >= 128 for byte in code[1:-1])


def models(page: Page) -> list[dict[str, Any]]:
    return get(page, f"projects/{PROJECT}/models/")["results"]


def in_use(page: Page) -> dict[str, Any] | None:
    return next((model for model in models(page) if model["state"] == "production"), None)


def newest(page: Page) -> dict[str, Any]:
    return max(models(page), key=lambda model: model["number"])


def live(page: Page) -> list[dict[str, Any]]:
    """Jobs of the project that are not over."""
    return [job for job in jobs(page) if job["state"] in ("queued", "running")]


def jobs(page: Page) -> list[dict[str, Any]]:
    found = get(page, "jobs/")["results"]
    return [{key: job.get(key) for key in ("title", "state", "progress", "stage", "error")} for job in found]


def test_the_next_start_keeps_everything(tmp_path: Path) -> None:
    """A site without a demo: made, stopped by Ctrl-C, started again on the same folder."""
    site = Site(tmp_path / "home", demo=False).start()
    assert site.stop() == 0
    again = Site(tmp_path / "home", demo=False).start(seconds=90)
    try:
        assert "migrations applied" not in again.text()
    finally:
        assert again.stop() == 0
