"""Times by file: every call and every round, front end and model, streams with and without pauses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from ...results.schema import Row
from ...results.values import TimeSummary
from .drawing import COLOURS, INK, QUIET, Picture, colours, figure_of_files, logarithmic, svg

GOLDEN = 0.618034  # multiples of it, modulo 1, spread evenly whatever their number
HALF_HEIGHT = 0.3  # of a file's line that its calls are spread over


def distributions(rows: list[Row]) -> Picture:
    """A dot for every call of a clip, and an upright line for the median of each round."""
    figure, axes = figure_of_files(rows)
    colour_of = colours(rows)
    times = _of(rows, "clip_ms")
    for index, (row, clip) in enumerate(zip(rows, times, strict=True)):
        _jitter(axes, clip.raw, index, colour_of[row.model or ""])
        axes.vlines(clip.round_p50, index - 0.45, index + 0.45, color=INK, linewidth=1)
    logarithmic(axes, [value for clip in times for value in clip.raw], "milliseconds a clip (logarithmic)")
    return Picture(
        "Every call",
        svg(figure, "distributions"),
        "A dot is one timed call of a clip, samples in, label out; an upright line is the median of one round. Rounds "
        "that lie apart were measured while the machine ran at another speed.",
    )


def _of(rows: Sequence[Row], kind: str) -> list[TimeSummary]:
    """The times of one kind of the rows that have it."""
    return [times for row in rows if (times := row.times(kind))]


def _jitter(axes: Axes, values: Sequence[float], index: int, colour: str) -> None:
    """One path of very short strokes with round ends: as dots of their own they would make the page large."""
    heights = index + HALF_HEIGHT * (2 * ((np.arange(len(values)) * GOLDEN) % 1) - 1)
    x = np.column_stack([values, values, np.full(len(values), np.nan)]).ravel()
    y = np.column_stack([heights, heights + 0.01, heights]).ravel()
    axes.plot(x, y, color=colour, linewidth=1.6, solid_capstyle="round", alpha=0.55)


def front_end_and_model(rows: list[Row]) -> Picture | None:
    """Stacked bars of the two steps of a clip."""
    front_end = [times.p50 for times in _of(rows, "front_end_ms")]
    model = [times.p50 for times in _of(rows, "model_ms")]
    if not len(front_end) == len(model) == len(rows):
        return None
    figure, axes = figure_of_files(rows)
    lines = range(len(rows))
    axes.barh(lines, front_end, height=0.7, color=QUIET, label="front end")
    axes.barh(lines, model, height=0.7, left=front_end, color=COLOURS[0], label="model")
    axes.set_xlabel("milliseconds a clip, median")
    figure.legend(loc="outside upper center", ncols=2, frameon=False, labelcolor=INK, fontsize=8)
    return Picture(
        "Front end and model",
        svg(figure, "steps"),
        "What a clip costs, by step: where the grey part is the longer one, a smaller model gains little.",
    )


def steady_and_paced(rows: list[Row]) -> Picture | None:
    """Two marks for each file: pushes into a stream back to back, and with pauses."""
    rows = [row for row in rows if row.stream_ms and row.paced_ms]
    if not rows:
        return None
    steady = [times.p50 for times in _of(rows, "stream_ms")]
    paced = [times.p50 for times in _of(rows, "paced_ms")]
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
