"""Times by file: every call and every round, front end and model, streams with and without pauses."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from .drawing import COLOURS, INK, QUIET, Picture, colours, figure_of_files, logarithmic, svg

GOLDEN = 0.618034  # multiples of it, modulo 1, spread evenly whatever their number
HALF_HEIGHT = 0.3  # of a file's line that its calls are strewn over


def distributions(rows: list[dict[str, Any]]) -> Picture:
    """A dot for every call of a clip, and an upright line for the median of each round."""
    figure, axes = figure_of_files(rows)
    colour_of = colours(rows)
    for place, row in enumerate(rows):
        _strew(axes, row["clip_ms"]["raw"], place, colour_of[row["model"]])
        axes.vlines(row["clip_ms"]["round_p50"], place - 0.45, place + 0.45, color=INK, linewidth=1)
    logarithmic(axes, [value for row in rows for value in row["clip_ms"]["raw"]], "milliseconds a clip (logarithmic)")
    return Picture(
        "Every call",
        svg(figure, "distributions"),
        "A dot is one timed call of a clip, samples in, label out; an upright line is the median of one round. Rounds "
        "that lie apart were measured while the machine ran at another speed.",
    )


def _strew(axes: Axes, values: list[float], place: int, colour: str) -> None:
    """One path of very short strokes with round ends: as dots of their own they would make the page large."""
    heights = place + HALF_HEIGHT * (2 * ((np.arange(len(values)) * GOLDEN) % 1) - 1)
    x = np.column_stack([values, values, np.full(len(values), np.nan)]).ravel()
    y = np.column_stack([heights, heights + 0.01, heights]).ravel()
    axes.plot(x, y, color=colour, linewidth=1.6, solid_capstyle="round", alpha=0.55)


def front_end_and_model(rows: list[dict[str, Any]]) -> Picture | None:
    """Stacked bars of the two steps of a clip."""
    if not all(row["front_end_ms"] and row["model_ms"] for row in rows):
        return None
    front_end = [row["front_end_ms"]["p50"] for row in rows]
    model = [row["model_ms"]["p50"] for row in rows]
    figure, axes = figure_of_files(rows)
    places = range(len(rows))
    axes.barh(places, front_end, height=0.7, color=QUIET, label="front end")
    axes.barh(places, model, height=0.7, left=front_end, color=COLOURS[0], label="model")
    axes.set_xlabel("milliseconds a clip, median")
    figure.legend(loc="outside upper center", ncols=2, frameon=False, labelcolor=INK, fontsize=8)
    return Picture(
        "Front end and model",
        svg(figure, "steps"),
        "What a clip costs, by step: where the grey part is the longer one, a smaller model gains little.",
    )


def steady_and_paced(rows: list[dict[str, Any]]) -> Picture | None:
    """Two marks for each file: pushes into a stream back to back, and with pauses."""
    rows = [row for row in rows if row["stream_ms"] and row["paced_ms"]]
    if not rows:
        return None
    steady, paced = ([row[name]["p50"] for row in rows] for name in ("stream_ms", "paced_ms"))
    figure, axes = figure_of_files(rows)
    axes.hlines(range(len(rows)), steady, paced, color=QUIET, linewidth=1.5, zorder=1)
    axes.plot(steady, range(len(rows)), "o", color=COLOURS[0], label="back to back")
    axes.plot(paced, range(len(rows)), "D", color=COLOURS[1], markersize=5, label="half a second apart")
    logarithmic(axes, [*steady, *paced], "milliseconds a push, median (logarithmic)")
    figure.legend(loc="outside upper center", ncols=2, frameon=False, labelcolor=INK, fontsize=8)
    return Picture(
        "Streams: steady against paced",
        svg(figure, "streams"),
        "Half a second of audio pushed into a stream. A live stream waits between pushes: caches are cold and the "
        "clock rate is down by then, so that the second figure is what it really costs.",
    )
