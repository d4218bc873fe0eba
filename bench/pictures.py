"""The page's pictures as inline SVG: drawn by matplotlib, inked in the colour of the text around them."""

from __future__ import annotations

import dataclasses
import io
import re
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .checks import QUANTISED
from .columns import by_model, milliseconds, name_of, share
from .stats import pareto_front

INK = "#010203"  # stands for the page's own text colour
COLOURS = ("#3b82f6", "#f59e0b", "#10b981", "#ec4899", "#8b5cf6", "#78716c")
MARKERS = {"tflite": "o", "onnx": "s", "keras": "D"}
WIDTH = 5.0  # inches: narrow, so that letters stay legible when a phone scales it down
TICKS = np.outer(10.0 ** np.arange(-4, 6), (1, 1.5, 2, 3, 5, 7)).ravel()


@dataclasses.dataclass(frozen=True)
class Picture:
    """An SVG element, what it shows, and a sentence on how to read it."""

    title: str
    svg: str
    caption: str


def pictures(bench: dict[str, Any]) -> list[Picture]:
    """The pictures of the results that have figures for them; the slow baselines would only squeeze these together."""
    rows = [row for row in bench["results"] if row["clip_ms"]]
    return [_accuracy_against_latency(rows), _front_end_and_model(rows)] if rows else []


def _accuracy_against_latency(rows: list[dict[str, Any]]) -> Picture:
    points = [(row["clip_ms"]["p50"], row["accuracy"]) for row in rows]
    front = pareto_front(points)
    figure, axes = _figure(4.2)
    colours = _colours(rows)
    for row, (x, y) in zip(rows, points, strict=True):
        colour = colours[row["model"]]
        face = "none" if row["precision"] in QUANTISED else colour
        axes.plot(x, y, MARKERS[row["format"]], color=colour, markerfacecolor=face, markersize=7)
    axes.plot(*zip(*(points[place] for place in front), strict=True), "--", color=INK, linewidth=0.8, zorder=1)
    for number, place in enumerate(front, start=1):
        axes.annotate(str(number), points[place], (-7, 3), textcoords="offset points", ha="right", color=INK)
    _latency_axis(axes, [x for x, _ in points])
    axes.set_ylabel("accuracy")
    axes.margins(y=0.12)
    _legend(figure, rows, colours)
    listed = "; ".join(
        f"{number} {name_of(rows[place])} ({share(points[place][1])}, {milliseconds(points[place][0])} ms)"
        for number, place in enumerate(front, start=1)
    )
    return Picture(
        "Accuracy against latency of a clip",
        _svg(figure, "accuracy"),
        "Up and to the left is better; hollow is int8 or dynamic. "
        f"On the dashed Pareto front no file is both faster and more accurate: {listed}.",
    )


def _front_end_and_model(rows: list[dict[str, Any]]) -> Picture:
    rows = [row for group in by_model(rows) for row in group]
    front_end = [row["front_end_ms"]["p50"] for row in rows]
    model = [row["model_ms"]["p50"] for row in rows]
    figure, axes = _figure(1.2 + 0.2 * len(rows))
    places = range(len(rows))
    axes.barh(places, front_end, color="#94a3b8", label="front end")
    axes.barh(places, model, left=front_end, color=COLOURS[0], label="model")
    axes.set_yticks(places, [name_of(row) for row in rows], fontsize=7.5)
    axes.invert_yaxis()
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel("milliseconds a clip, median")
    figure.legend(loc="outside upper center", ncols=2, frameon=False, labelcolor=INK)
    return Picture(
        "Front end and model",
        _svg(figure, "steps"),
        "What a clip costs, by step: where the grey part is the longer one, a smaller model gains little.",
    )


def _figure(height: float) -> tuple[Figure, Axes]:
    figure = Figure((WIDTH, height), layout="constrained")
    axes = figure.subplots()
    axes.set_facecolor("none")
    axes.tick_params(colors=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(INK)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    return figure, axes


def _latency_axis(axes: Axes, values: list[float]) -> None:
    low, high = min(values) / 1.25, max(*values, 3 * min(values)) * 1.25
    axes.set_xscale("log")
    ticks = [tick for tick in TICKS if low <= tick <= high]
    ticks = ticks[:: 1 + len(ticks) // 8]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlim(low, high)
    axes.set_xlabel("milliseconds a clip, median (logarithmic)")


def _colours(rows: list[dict[str, Any]]) -> dict[str, str]:
    names = dict.fromkeys(row["model"] for row in rows)
    return {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(names)}


def _legend(figure: Figure, rows: list[dict[str, Any]], colours: dict[str, str]) -> None:
    formats = dict.fromkeys(row["format"] for row in rows)
    handles = [Line2D([], [], marker="o", linestyle="", color=colour, label=name) for name, colour in colours.items()]
    handles += [
        Line2D([], [], marker=MARKERS[name], linestyle="", color=INK, markerfacecolor="none", label=name)
        for name in formats
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False, labelcolor=INK, fontsize=8)


def _svg(figure: Figure, salt: str) -> str:
    """`figure` as an element of an HTML page: no prologue, no metadata, text as text, ids of its own."""
    buffer = io.StringIO()
    style = {"svg.fonttype": "none", "svg.hashsalt": salt, "font.family": "sans-serif"}
    with matplotlib.rc_context(style):
        metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=metadata)
    element = buffer.getvalue()
    element = element[element.index("<svg") :].replace(INK, "currentColor")
    return re.sub(r' xmlns(:xlink)?="[^"]*"', "", element)
