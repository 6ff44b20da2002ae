"""Charts as SVG, drawn on the server from tokens; each carries its figures as text for people who do not see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 720, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 14, 14, 34


@dataclass(frozen=True)
class Point:
    """A value at a place on the horizontal axis, with its 95 % interval where known."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Line:
    """A named line; `style` is "main", "other" (dashed grey) or "model" (violet)."""

    name: str
    points: Sequence[Point]
    style: str = "main"


def line_chart(
    lines: Sequence[Line], *, x_title: str, title: str, digits: int = 2, most: float | None = None
) -> SafeString:
    """Lines over a shared axis with their intervals as a band; `most` is the highest value there can be.

    Returns an empty string when there is nothing to draw.
    """
    points = [point for line in lines for point in line.points]
    if not points:
        return SafeString("")
    scale = _Scale(points, most)
    axis_digits = digits if scale.y1 - scale.y0 >= 16 * 10**-digits else digits + 1
    described = "; ".join(
        f"{line.name}: " + ", ".join(f"{p.y:.{digits}f} at {p.x:g}" for p in line.points) for line in lines
    )
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}. {}">{}{}{}{}</svg>',
        WIDTH,
        HEIGHT,
        title,
        described,
        _grid(scale, axis_digits),
        _x_axis(scale, x_title),
        format_html_join("", "{}", ((_band(line, scale),) for line in lines)),
        format_html_join("", "{}", ((_line(line, scale, digits),) for line in lines)),
    )


class _Scale:
    def __init__(self, points: Sequence[Point], most: float | None) -> None:
        xs = [p.x for p in points]
        ys = [v for p in points for v in (p.y, p.low, p.high) if v is not None]
        self.x0, self.x1 = min(xs), max(xs)
        if self.x0 == self.x1:
            self.x0, self.x1 = self.x0 * 0.5, self.x1 * 1.5 or 1.0
        low, high = min(ys), max(ys)
        room = max(high - low, 0.02) * 0.15
        self.y0, self.y1 = max(low - room, 0.0) if low >= 0 else low - room, high + room
        if most is not None:
            self.y1 = min(self.y1, most)

    def x(self, value: float) -> float:
        return round(_LEFT + (value - self.x0) / (self.x1 - self.x0) * (WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        return round(
            HEIGHT - _BOTTOM - (value - self.y0) / (self.y1 - self.y0) * (HEIGHT - _TOP - _BOTTOM), 1
        )


def _grid(scale: _Scale, digits: int) -> SafeString:
    steps = [scale.y0 + (scale.y1 - scale.y0) * part for part in (0, 0.25, 0.5, 0.75, 1)]
    return format_html_join(
        "",
        '<path class="rule" d="M{} {}H{}"/><text x="{}" y="{}" text-anchor="end">{}</text>',
        ((_LEFT, scale.y(v), WIDTH - _RIGHT, _LEFT - 8, scale.y(v) + 4, f"{v:.{digits}f}") for v in steps),
    )


def _x_axis(scale: _Scale, title: str) -> SafeString:
    ends = format_html_join(
        "",
        '<text x="{}" y="{}" text-anchor="{}">{}</text>',
        (
            (scale.x(value), HEIGHT - 14, anchor, f"{value:,.0f}")
            for value, anchor in ((scale.x0, "start"), (scale.x1, "end"))
        ),
    )
    return format_html(
        '{}<text x="{}" y="{}" text-anchor="middle">{}</text>', ends, WIDTH / 2, HEIGHT - 14, title
    )


def _band(line: Line, scale: _Scale) -> SafeString:
    known = [p for p in line.points if p.low is not None and p.high is not None]
    if not known:
        return SafeString("")
    if len(known) == 1:
        p = known[0]
        return format_html(
            '<path class="whisker {}" d="M{} {}V{}"/>',
            line.style,
            scale.x(p.x),
            scale.y(p.low or 0),
            scale.y(p.high or 0),
        )
    upper = " ".join(f"{scale.x(p.x)},{scale.y(p.high or 0)}" for p in known)
    lower = " ".join(f"{scale.x(p.x)},{scale.y(p.low or 0)}" for p in reversed(known))
    return format_html('<polygon class="band {}" points="{} {}"/>', line.style, upper, lower)


def _line(line: Line, scale: _Scale, digits: int) -> SafeString:
    path = " ".join(f"{scale.x(p.x)},{scale.y(p.y)}" for p in line.points)
    dots = format_html_join(
        "",
        '<circle class="dot {}" cx="{}" cy="{}" r="3.5"><title>{}</title></circle>',
        (
            (line.style, scale.x(p.x), scale.y(p.y), p.note or f"{line.name}: {p.y:.{digits}f} at {p.x:g}")
            for p in line.points
        ),
    )
    return format_html(
        '<polyline class="line {}" points="{}"/>{}', line.style, path, dots if len(line.points) < 60 else ""
    )
