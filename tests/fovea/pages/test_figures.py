"""A model's metrics as rows, and charts as SVG."""

from fovea.pages.charts import Line, Point, line_chart
from fovea.pages.figures import metric_rows


def test_every_task_gives_its_rows() -> None:
    metrics = {
        "questions": {
            "finding": {"auroc": {"value": 0.8, "low": 0.7, "high": 0.9}, "ece": 0.05, "items": 12}
        },
        "masks": {"mean_dice": {"value": 0.7}, "classes": {"organ": {"hd95_mm": {"value": 3.0}}}},
    }
    rows = {row.name: (row.value, row.low) for row in metric_rows(metrics)}
    assert rows == {
        "finding: AUROC": (0.8, 0.7),
        "finding: Calibration error (ECE)": (0.05, None),
        "Mean Dice": (0.7, None),
        "organ: 95 % Hausdorff, mm": (3.0, None),
    }


def test_a_chart_stays_on_its_canvas_and_tells_its_figures_in_words() -> None:
    points = [Point(10, 0.5, 0.3, 0.7), Point(40, 0.99, 0.9, 1.0)]
    svg = line_chart([Line("held-out", points)], x_title="labels", title="Curve", most=1.0)
    assert "held-out: 0.50 at 10, 0.99 at 40" in svg
    assert ">1.00<" in svg
    assert ">1.0" not in svg.replace(">1.00<", "")
    places = [
        float(part)
        for part in svg.split('class="dot main" ')[1:]
        for part in [part.split('cx="')[1].split('"')[0]]
    ]
    assert places == sorted(places)
    assert 0 <= min(places) <= max(places) <= 720


def test_names_in_a_chart_are_escaped_and_nothing_is_drawn_of_nothing() -> None:
    assert line_chart([], x_title="x", title="t") == ""
    assert "<script>" not in line_chart([Line("<script>", [Point(1, 1)])], x_title="x", title="<script>")
