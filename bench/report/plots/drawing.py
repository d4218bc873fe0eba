"""What all pictures share: ink, colours, axes, and how a figure becomes an element of a page."""

from __future__ import annotations

import dataclasses
import io
import re
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....runtime.util.foreign_text import picture_text
from ...results.schema import Row

INK = "#010203"  # stands for the page's own text colour
QUIET = "#94a3b8"
COLOURS = ("#3b82f6", "#f59e0b", "#10b981", "#ec4899", "#8b5cf6", "#78716c")
WIDTH = 4.2  # inches: narrow, so that letters stay legible when a phone scales it down
LINE = 0.2  # inches for a file where files stand below each other
NAME_LETTERS = 31  # in a line of a name, which leaves room for the figures
FINE = (1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75, *range(3, 10))
STEPS = (FINE, (1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,))  # of a decade, for ticks of a logarithmic axis
MOST_TICKS = 7


@dataclasses.dataclass(frozen=True)
class Picture:
    """An SVG element, what it shows, and a sentence on how to read it."""

    title: str
    svg: str
    caption: str


def new_figure(height: float) -> tuple[Figure, Axes]:
    """A figure of the usual width and a `height` in inches."""
    figure = Figure((WIDTH, height), layout="constrained")
    axes = figure.subplots()
    axes.set_facecolor("none")
    axes.tick_params(colors=INK, labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(INK)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(color=INK, fontsize=8)
    return figure, axes


def figure_of_files(rows: Sequence[Row]) -> tuple[Figure, Axes]:
    """A figure with a line for each row, the first on top, at y = 0, 1, ..."""
    names = [textwrap.fill(picture_text(row.name), NAME_LETTERS, break_on_hyphens=False) for row in rows]
    figure, axes = new_figure(0.8 + LINE * max(len(rows), sum(1 + name.count("\n") for name in names) / 1.15))
    axes.set_yticks(range(len(rows)), names, fontsize=7.5)
    axes.tick_params("y", length=0)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.spines["left"].set_visible(False)
    return figure, axes


def logarithmic(
    axes: Axes,
    values: Sequence[float],
    label: str,
    shown: Callable[[float], str] = "{:g}".format,
    most: int = MOST_TICKS,
) -> None:
    """Make x a logarithmic axis about `values` > 0, with at most so many round ticks."""
    low, high = min(values) / 1.25, max(*values, 1.5 * min(values)) * 1.25
    axes.set_xscale("log")
    ticks = round_ticks(low, high, most)
    axes.set_xticks(ticks, [shown(tick) for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlim(low, high)
    axes.set_xlabel(label)


def round_ticks(low: float, high: float, most: int = MOST_TICKS) -> list[float]:
    """At most so many round numbers from `low` to `high`, as many as there may be."""
    for steps in STEPS:
        ticks = np.outer(10.0 ** np.arange(-6, 13), steps).ravel()
        inside = [float(f"{tick:.3g}") for tick in ticks if low <= tick <= high]
        if len(inside) <= most:
            return inside
    return inside[:: 1 + len(inside) // most]


def colours(rows: Sequence[Row]) -> list[str]:
    """Of each row the colour of its model."""
    models = list(dict.fromkeys(row.model for row in rows))
    return [COLOURS[models.index(row.model) % len(COLOURS)] for row in rows]


def legend(figure: Figure, **options: Any) -> None:
    """Above the axes."""
    figure.legend(loc="outside upper center", frameon=False, labelcolor=INK, fontsize=8, **options)


def svg(figure: Figure, salt: str) -> str:
    """`figure` as an element of an HTML page: no prologue, no metadata, text as text, ids of its own."""
    buffer = io.StringIO()
    style: dict[Any, object] = {"svg.fonttype": "none", "svg.hashsalt": salt, "font.family": "sans-serif"}
    style["path.simplify"] = False
    with matplotlib.rc_context(style):
        metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=metadata)
    element = buffer.getvalue()
    element = element[element.index("<svg") :].replace(INK, "currentColor")
    element = re.sub(r' xmlns(:xlink)?="[^"]*"', "", element)
    return re.sub("<[^>]*>", lambda tag: re.sub(r"(\.\d\d)\d+", r"\1", tag.group()), element)  # hundredths of a point
