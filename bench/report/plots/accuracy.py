"""Accuracy against latency, with the Pareto front."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ...results.stats import pareto_front
from ...results.warnings import QUANTISED
from ..columns import milliseconds, name_of, share
from .drawing import INK, Picture, colours, logarithmic, new_figure, svg

MARKERS = {"tflite": "o", "onnx": "s", "keras": "D"}


def accuracy_against_latency(rows: list[dict[str, Any]]) -> Picture | None:
    """A mark for each file, and a dashed line along the front with the intervals of accuracy on it."""
    rows = [row for row in rows if row["accuracy"] is not None]
    if not rows:
        return None
    points = [(row["clip_ms"]["p50"], row["accuracy"]) for row in rows]
    front = pareto_front(points)
    figure, axes = new_figure(3.5)
    _marks(axes, rows, points)
    _front(axes, [rows[place] for place in front], [points[place] for place in front])
    logarithmic(axes, [x for x, _ in points], "milliseconds a clip, median (logarithmic)")
    axes.set_ylabel("accuracy")
    axes.margins(y=0.08)
    _legend(figure, rows)
    listed = "; ".join(
        f"{number} {name_of(rows[place])} ({share(points[place][1])}, {milliseconds(points[place][0])} ms)"
        for number, place in enumerate(front, start=1)
    )
    return Picture(
        "Accuracy against latency of a clip",
        svg(figure, "accuracy"),
        "Up and to the left is better; hollow is int8 or dynamic. No file is both faster and more accurate than one on "
        f"the dashed Pareto front; upright lines are the 95 % intervals of its accuracies. It holds {listed}.",
    )


def _marks(axes: Axes, rows: list[dict[str, Any]], points: list[tuple[float, float]]) -> None:
    colour_of = colours(rows)
    for row, (x, y) in zip(rows, points, strict=True):
        colour = colour_of[row["model"]]
        face = "none" if row["precision"] in QUANTISED else colour
        axes.plot(x, y, MARKERS[row["format"]], color=colour, markerfacecolor=face, markersize=6)


def _front(axes: Axes, rows: list[dict[str, Any]], points: list[tuple[float, float]]) -> None:
    axes.plot(*zip(*points, strict=True), "--", color=INK, linewidth=0.8, zorder=1)
    for number, (row, point) in enumerate(zip(rows, points, strict=True), start=1):
        side = {"xytext": (6, 4)} if number == len(points) else {"xytext": (-6, 4), "ha": "right"}
        axes.annotate(str(number), point, textcoords="offset points", color=INK, fontsize=8, **side)
        if row["accuracy_interval"]:
            axes.plot([point[0]] * 2, row["accuracy_interval"], color=INK, linewidth=0.6, alpha=0.5, zorder=0)


def _legend(figure: Figure, rows: list[dict[str, Any]]) -> None:
    formats = dict.fromkeys(row["format"] for row in rows)
    handles = [
        Line2D([], [], marker="o", linestyle="", color=colour, label=name) for name, colour in colours(rows).items()
    ]
    handles += [
        Line2D([], [], marker=MARKERS[name], linestyle="", color=INK, markerfacecolor="none", label=name)
        for name in formats
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False, labelcolor=INK, fontsize=8)
