"""What a person does in the workspace, for tests: real mouse, real keys, and numpy truth to compare with."""

from __future__ import annotations

import base64
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from .workspace_server import State

Point = tuple[float, float]
Mask = NDArray[np.uint8]


class WorkspacePage:
    """One tab with the workspace in it."""

    def __init__(self, page: Page, state: State) -> None:
        self.page = page
        self.state = state

    def open(self, item: str = "", *, user: str = "1") -> WorkspacePage:
        """Open a case ("" takes the best waiting one) and wait until its image is painted."""
        self.page.goto(f"/items/{item}/?user={user}" if item else "/p/demo/work/")
        self.wait_painted()
        return self

    def until(self, expression: str, arg: Any = None, seconds: float = 15) -> None:
        """Poll until a JavaScript expression is true (the page's CSP forbids Playwright's own waiting)."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(expression, arg):
            assert time.monotonic() < end, f"still not so after {seconds} s: {expression}"
            self.page.wait_for_timeout(20)

    def wait_painted(self) -> None:
        """Until a case is open and drawn."""
        self.until("Boolean(window.fovea?.open && window.fovea.viewer.frameKey)")

    def item(self) -> str:
        """Id of the case on show."""
        return str(self.page.evaluate("String(fovea.open.doc.id)"))

    def frame(self) -> str:
        """Key of the frame on show."""
        return str(self.page.evaluate("fovea.viewer.frameKey"))

    def screen(self, point: Point) -> tuple[int, int]:
        """The whole screen pixel nearest to a point given in pixels of the frame."""
        x, y = self.page.evaluate(
            """([x, y]) => { const [a, b, c, d, e, f] = fovea.viewer.stage.transform();
            const box = fovea.viewer.overlay.canvas.getBoundingClientRect();
            return [a * x + c * y + e + box.left, b * x + d * y + f + box.top]; }""",
            list(point),
        )
        return round(x), round(y)

    def image(self, screen: tuple[int, int]) -> Point:
        """The point of the frame under a screen pixel."""
        x, y = self.page.evaluate(
            """([x, y]) => { const box = fovea.viewer.overlay.canvas.getBoundingClientRect();
            return fovea.viewer.stage.toImage([x - box.left, y - box.top]); }""",
            list(screen),
        )
        return x, y

    def drag(self, *points: Point, button: str = "left", release: bool = True) -> list[Point]:
        """Press at the first point, move through the others; returns where the mouse truly was, in the frame."""
        stops = [self.screen(point) for point in points]
        self.page.mouse.move(*stops[0])
        self.page.mouse.down(button=button)  # type: ignore[arg-type]
        for stop in stops[1:]:
            self.page.mouse.move(*stop)
        if release:
            self.page.mouse.up(button=button)  # type: ignore[arg-type]
        return [self.image(stop) for stop in stops]

    def click(self, point: Point) -> Point:
        """Click; returns where the mouse truly was."""
        return self.drag(point)[0]

    def key(self, chord: str) -> None:
        """Press keys with the focus on the page."""
        self.page.keyboard.press(chord)

    def wait_saved(self) -> dict[str, Any]:
        """Until the server holds everything; returns the content stored last."""
        expect(self.page.locator(".save-state")).to_have_attribute("data-state", "saved", timeout=10_000)
        self.until("!fovea.open.autosave.unsaved")
        return self.state.cases[self.item()].versions[-1]["content"]

    def mask(self, key: str) -> Mask:
        """The label map of a frame as the browser holds it."""
        rows, columns, text = self.page.evaluate(
            """(key) => { const f = fovea.open.document.frames.get(key);
            const m = fovea.open.document.mask(key) ?? new Uint8Array(f.rows * f.columns);
            let t = ''; for (const v of m) t += String.fromCharCode(v); return [f.rows, f.columns, btoa(t)]; }""",
            key,
        )
        return np.frombuffer(base64.b64decode(text), np.uint8).reshape(rows, columns)


def decode_rle(text: str, shape: tuple[int, int]) -> Mask:
    """A slice as stored by the server, decoded without the browser's code."""
    data, values, position = base64.b64decode(text), [], 0
    while position < len(data):
        value, run, shift = data[position], 0, 0
        position += 1
        while True:
            byte = data[position]
            position += 1
            run |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        values.append(np.full(run, value, np.uint8))
    return np.concatenate(values).reshape(shape)


def stroke_truth(shape: tuple[int, int], points: list[Point], radius: float) -> NDArray[np.bool_]:
    """Pixels whose centre is within ``radius`` of the line through ``points``."""
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    inside = np.zeros(shape, bool)
    for (ax, ay), (bx, by) in zip(points, points[1:] or points, strict=False):
        dx, dy = bx - ax, by - ay
        length = dx * dx + dy * dy
        t = np.clip(((x - ax) * dx + (y - ay) * dy) / length, 0, 1) if length else 0.0
        inside |= np.hypot(x - ax - t * dx, y - ay - t * dy) <= radius
    return inside


def polygon_truth(shape: tuple[int, int], points: list[Point]) -> NDArray[np.bool_]:
    """Pixels whose centre lies in a polygon (even-odd rule)."""
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    inside = np.zeros(shape, bool)
    for (x1, y1), (x2, y2) in zip(points, points[1:] + points[:1], strict=True):
        if y1 == y2:
            continue
        crosses = (y1 > y) != (y2 > y)
        inside ^= crosses & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return inside
