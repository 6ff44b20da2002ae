"""The simulation's report as one HTML file that needs nothing else: curves as SVG, tables, the protocol."""

import json
from html import escape
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_COLOURS = ("#7a8797", "#1f9d76", "#d9663f", "#4f7fd6", "#b1842a", "#9a5fc4", "#c2477f", "#3aa0b5")
_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 760, 380, 60, 44
_STYLE = """
:root{color-scheme:light dark;--text:#1c2430;--dim:#5c6a7a;--line:#d8dee6;--back:#fff}
@media(prefers-color-scheme:dark){:root{--text:#e6ebf2;--dim:#9aa7b8;--line:#2f3a48;--back:#12171e}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--text);background:var(--back);max-width:900px;
margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%;margin:1rem 0;font-variant-numeric:tabular-nums}
th,td{border-bottom:1px solid var(--line);padding:.35rem .6rem;text-align:right}
th:first-child,td:first-child{text-align:left}
.dim{color:var(--dim)} svg{width:100%;height:auto} text{fill:var(--dim);font:12px system-ui}
pre{white-space:pre-wrap;background:color-mix(in srgb,var(--line) 40%,transparent);padding:1rem}
"""


def write_report(path: Path, result: Json) -> Path:
    """Write the report of a simulation's JSON (see :func:`ml.simulation.results.summarise`)."""
    title = result["title"] or "Simulated labelling"
    strategies = result["strategies"]
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{_summary(result)}</p>",
        _chart(result),
        "<h2>Strategies</h2>",
        _table(strategies),
        "<h2>Pairwise penalties</h2>",
        "<p class=dim>Share of rounds in which the row beats the column significantly "
        "(paired t-tests over seeds, Holm).</p>",
        _matrix(result["penalties"]),
        "<h2>Every seed</h2>",
        _seeds(strategies, result["budgets"]),
        "<h2>Protocol</h2>",
        f"<pre>{escape(json.dumps(result['protocol'], indent=1))}</pre>",
    ]
    body = "\n".join(parts)
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    path.write_text(f"<!doctype html><html lang=en><head>{head}</head><body>{body}</body></html>\n")
    return path


def _summary(result: Json) -> str:
    items, full = result["items"], result["full"]
    seeds = result["protocol"]["seeds"]
    text = (
        f"{escape(result['metric'])} on {items['test']} test items while labels grow in a pool of {items['pool']}; "
        f"{seeds} paired seeds."
    )
    if full["mean"] is not None:
        text += f" The same recipe with all labels reaches {full['mean']:.3f}."
    if not result["patient_ids_known"]:
        text += " The images carry no patient ids, so patients may be on both sides of the test line."
    return text


def _chart(result: Json) -> str:
    budgets = result["budgets"]
    means = {name: entry["mean"] for name, entry in result["strategies"].items()}
    full = result["full"]["mean"]
    values = [value for curve in means.values() for value in curve] + ([] if full is None else [full])
    low, high = min(values), max(values)
    low, high = low - 0.05 * (high - low or 1), high + 0.05 * (high - low or 1)

    def x(labels: float) -> float:
        return _LEFT + (labels - budgets[0]) / (budgets[-1] - budgets[0]) * (_WIDTH - _LEFT - 20)

    def y(value: float) -> float:
        return 14 + (high - value) / (high - low) * (_HEIGHT - _BOTTOM - 14)

    marks = []
    for step in range(5):
        value = low + (high - low) * step / 4
        marks.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - 20}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="var(--line)"/>'
            f'<text x="{_LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.2f}</text>'
        )
    marks += [
        f'<text x="{x(b):.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{b}</text>' for b in budgets
    ]
    if full is not None:
        at = y(full)
        marks.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - 20}" y1="{at:.1f}" y2="{at:.1f}" stroke="currentColor" '
            f'stroke-dasharray="4 4" opacity=".5"/><text x="{_LEFT + 4}" y="{at - 5:.1f}">all labels</text>'
        )
    for index, (name, curve) in enumerate(means.items()):
        colour = _COLOURS[index % len(_COLOURS)]
        points = " ".join(f"{x(b):.1f},{y(v):.1f}" for b, v in zip(budgets, curve, strict=True))
        marks.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        marks.append(
            f'<rect x="{_LEFT + index * 130}" y="{_HEIGHT - 16}" width="12" height="12" fill="{colour}"/>'
            f'<text x="{_LEFT + index * 130 + 17}" y="{_HEIGHT - 6}">{escape(name)}</text>'
        )
    label = f"{result['metric']} by number of labels"
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label)}">{"".join(marks)}</svg>'


def _table(strategies: Json) -> str:
    rows = []
    for name, entry in strategies.items():
        area = entry["aubc"]
        gain = "" if "gain" not in area else f"{area['gain']:+.3f} ({area['low']:+.3f}, {area['high']:+.3f})"
        saved = "".join(
            f"<td>{_ratio(entry['labels_saved'].get(tau))}</td>" for tau in ("0.90", "0.95", "0.97")
        )
        rows.append(
            f"<tr><td>{escape(name)}</td><td>{area['mean']:.3f}</td><td>{gain}</td><td>{entry['mean'][-1]:.3f}</td>"
            f"{saved}<td>{entry['select_seconds']:.2f}</td></tr>"
        )
    head = (
        "<tr><th>strategy<th>AUBC<th>against random (95 %)<th>final<th>LER@90<th>LER@95<th>LER@97"
        "<th>seconds to select</tr>"
    )
    return f"<table>{head}{''.join(rows)}</table>"


def _ratio(entry: Json | None) -> str:
    if entry is None:
        return "–"
    if entry["ratio"] is None:
        return escape(entry["bound"] or "–")
    ends = ["∞" if entry[side] is None else f"{entry[side]:.2f}" for side in ("low", "high")]
    bound = f"{entry['bound']} " if entry["bound"] else ""
    return f"{bound}{entry['ratio']:.2f} ({ends[0]}, {ends[1]})"


def _matrix(penalties: Json) -> str:
    names = penalties["names"]
    if not names:
        return "<p>Needs two seeds or more.</p>"
    head = "".join(f"<th>{escape(name)}" for name in names)
    rows = "".join(
        f"<tr><td>{escape(name)}</td>" + "".join(f"<td>{value:.2f}</td>" for value in row) + "</tr>"
        for name, row in zip(names, penalties["matrix"], strict=True)
    )
    return f"<table><tr><th>{head}</tr>{rows}</table>"


def _seeds(strategies: Json, budgets: list[int]) -> str:
    head = "".join(f"<th>{budget}" for budget in budgets)
    rows = "".join(
        f"<tr><td>{escape(name)} · {seed}</td>"
        + "".join(f"<td>{value:.3f}</td>" for value in curve)
        + "</tr>"
        for name, entry in strategies.items()
        for seed, curve in enumerate(entry["curves"])
    )
    return f"<table><tr><th>strategy · seed{head}</tr>{rows}</table>"
