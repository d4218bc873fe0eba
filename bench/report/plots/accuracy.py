"""Accuracy against latency, with the Pareto front."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ...results.recommend import clip_ms
from ...results.schema import Row
from ...results.stats import pareto_front
from ...results.warnings import QUANTISED
from ..format import fraction, three_digits
from .drawing import INK, Picture, colours, legend, logarithmic, new_figure, svg

MARKERS = {"tflite": "o", "onnx": "s", "keras": "D"}
OTHER_MARKER = "^"


def accuracy_against_latency(rows: list[Row]) -> Picture | None:
    """A mark for each file, and a dashed line along the front with the intervals of accuracy on it."""
    rows = [row for row in rows if row.accuracy is not None]
    if not rows:
        return None
    points = [(clip_ms(row), row.accuracy or 0) for row in rows]
    front = pareto_front(points)
    figure, axes = new_figure(3.5)
    for row, colour, (x, y) in zip(rows, colours(rows), points, strict=True):
        face = "none" if row.precision in QUANTISED else colour
        axes.plot(x, y, _marker(row.format), color=colour, markerfacecolor=face, markersize=6)
    _front(axes, [rows[index] for index in front], [points[index] for index in front])
    logarithmic(axes, [x for x, _ in points], "milliseconds a clip, median (logarithmic)")
    axes.set_ylabel("accuracy")
    axes.margins(y=0.08)
    handles = [
        Line2D([], [], marker="o", linestyle="", color=colour, label=model)
        for model, colour in dict(zip((row.model for row in rows), colours(rows), strict=True)).items()
    ]
    handles += [
        Line2D([], [], marker=_marker(name), linestyle="", color=INK, markerfacecolor="none", label=str(name))
        for name in dict.fromkeys(row.format for row in rows)
    ]
    legend(figure, handles=handles, ncols=4)
    listed = "; ".join(
        f"{number} {rows[index].name} ({fraction(points[index][1])}, {three_digits(points[index][0])} ms)"
        for number, index in enumerate(front, start=1)
    )
    return Picture(
        "Accuracy against latency of a clip",
        svg(figure, "accuracy"),
        "Up and to the left is better; hollow is int8 or dynamic. No file is both faster and more accurate than one on "
        f"the dashed Pareto front; upright lines are the 95 % intervals of its accuracies. It holds {listed}.",
    )


def _marker(file_format: str | None) -> str:
    return MARKERS.get(file_format or "", OTHER_MARKER)


def _front(axes: Axes, rows: list[Row], points: list[tuple[float, float]]) -> None:
    axes.plot([x for x, _ in points], [y for _, y in points], "--", color=INK, linewidth=0.8, zorder=1)
    for number, (row, point) in enumerate(zip(rows, points, strict=True), start=1):
        last = number == len(points)
        axes.annotate(
            str(number),
            point,
            xytext=(6 if last else -6, 4),
            ha="left" if last else "right",
            textcoords="offset points",
            color=INK,
            fontsize=8,
        )
        if row.accuracy_interval:
            axes.plot([point[0]] * 2, row.accuracy_interval, color=INK, linewidth=0.6, alpha=0.5, zorder=0)
