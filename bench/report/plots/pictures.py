"""The pictures of a page: accuracy against latency, and what each file takes in time, on disk and in memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ....runtime.util.foreign_text import picture_text
from ...results.recommend import clip_ms
from ...results.schema import Bench, Row, by_model
from ...results.stats import pareto_front
from ...results.warnings import QUANTISED
from ..format import fraction, size, three_digits
from .drawing import COLOURS, INK, QUIET, Picture, colours, figure_of_files, legend, logarithmic, new_figure, svg

MARKERS = {"tflite": "o", "onnx": "s", "keras": "D"}
OTHER_MARKER = "^"
GOLDEN = 0.618034  # multiples of it, modulo 1, spread evenly whatever their number
HALF_HEIGHT = 0.3  # of a file's line that its calls are spread over


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
        Line2D([], [], marker="o", linestyle="", color=colour, label=picture_text(str(model)))
        for model, colour in dict(zip((row.model for row in rows), colours(rows), strict=True)).items()
    ]
    handles += [
        Line2D(
            [], [], marker=_marker(name), linestyle="", color=INK, markerfacecolor="none", label=picture_text(str(name))
        )
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


def distributions(rows: list[Row]) -> Picture:
    """A dot for every call of a clip, and an upright line for the median of each round."""
    figure, axes = figure_of_files(rows)
    times = [clip for row in rows if (clip := row.clip_ms)]
    for index, (colour, clip) in enumerate(zip(colours(rows), times, strict=True)):
        # One path of very short strokes with round ends: as dots of their own they would make the page large.
        count = len(clip.raw)
        heights = index + HALF_HEIGHT * (2 * ((np.arange(count) * GOLDEN) % 1) - 1)
        x = np.column_stack([clip.raw, clip.raw, np.full(count, np.nan)]).ravel()
        y = np.column_stack([heights, heights + 0.01, heights]).ravel()
        axes.plot(x, y, color=colour, linewidth=1.6, solid_capstyle="round", alpha=0.55)
        axes.vlines(clip.round_p50, index - 0.45, index + 0.45, color=INK, linewidth=1)
    logarithmic(axes, [value for clip in times for value in clip.raw], "milliseconds a clip (logarithmic)")
    return Picture(
        "Every call",
        svg(figure, "distributions"),
        "A dot is one timed call of a clip, samples in, label out; an upright line is the median of one round. Rounds "
        "that lie apart were measured while the machine ran at another speed.",
    )


def front_end_and_model(rows: list[Row]) -> Picture | None:
    """Stacked bars of the two steps of a clip, of files whose steps are measured."""
    steps = [(row, row.front_end_ms.p50, row.model_ms.p50) for row in rows if row.front_end_ms and row.model_ms]
    if not steps:
        return None
    rows, front_end, model = map(list, zip(*steps, strict=True))
    figure, axes = figure_of_files(rows)
    lines = range(len(rows))
    axes.barh(lines, front_end, height=0.7, color=QUIET, label="front end")
    axes.barh(lines, model, height=0.7, left=front_end, color=COLOURS[0], label="model")
    axes.set_xlabel("milliseconds a clip, median")
    legend(figure, ncols=2)
    return Picture(
        "Front end and model",
        svg(figure, "steps"),
        "What a clip costs, by step: where the grey part is the longer one, a smaller model gains little.",
    )


def steady_and_paced(rows: list[Row]) -> Picture | None:
    """Two marks for each file: pushes into a stream back to back, and with pauses."""
    pushed = [(row, row.stream_ms.p50, row.paced_ms.p50) for row in rows if row.stream_ms and row.paced_ms]
    if not pushed:
        return None
    rows, steady, paced = map(list, zip(*pushed, strict=True))
    figure, axes = figure_of_files(rows)
    lines = range(len(rows))
    axes.hlines(lines, steady, paced, color=QUIET, linewidth=1.5, zorder=1)
    axes.plot(steady, lines, "o", color=COLOURS[0], label="back to back")
    axes.plot(paced, lines, "D", color=COLOURS[1], markersize=5, label="half a second apart")
    logarithmic(axes, [*steady, *paced], "milliseconds a push, median (logarithmic)")
    legend(figure, ncols=2)
    return Picture(
        "Streams: steady against paced",
        svg(figure, "streams"),
        "Half a second of audio pushed into a stream. A live stream waits between pushes: caches are cold and the "
        "clock rate is down by then, so that the second figure is what it really costs.",
    )


def size_on_disk(rows: list[Row]) -> Picture | None:
    """A mark for each file on a logarithmic axis, because one model may be a hundred times another."""
    rows = [row for row in rows if row.bytes]
    if not rows:
        return None
    values = [row.bytes or 0 for row in rows]
    figure, axes = figure_of_files(rows)
    logarithmic(axes, values, "bytes on disk (logarithmic)", _short_size, most=4)
    low, high = axes.get_xlim()
    axes.set_xlim(low, high * (high / low) ** 0.25)  # room for the figures
    axes.hlines(range(len(rows)), low, values, color=QUIET, linewidth=0.8, zorder=1)
    axes.scatter(values, range(len(rows)), color=colours(rows), s=25, zorder=2)
    _write_values(axes, values)
    return Picture(
        "Size on disk",
        svg(figure, "disk"),
        "The whole file, with its labels and its description; of a folder of C code and constants.",
    )


def memory(rows: list[Row]) -> Picture | None:
    """A bar for each file, from zero."""
    rows = [row for row in rows if row.peak_rss_bytes]
    if not rows:
        return None
    values = [row.peak_rss_bytes or 0 for row in rows]
    figure, axes = figure_of_files(rows)
    axes.barh(range(len(rows)), [value / 1e6 for value in values], height=0.7, color=colours(rows))
    axes.set_xlim(0, max(values) / 1e6 * 1.2)
    axes.set_xlabel("peak resident memory, MB")
    _write_values(axes, values, 1e6)
    return Picture(
        "Peak memory",
        svg(figure, "memory"),
        "The most that the process had resident, the largest of all rounds: Python, the engine, front end and model; "
        "of a folder of C its program.",
    )


def _short_size(count: float) -> str:
    number, unit = size(round(count)).split()
    return f"{float(number):g} {unit}"


def _write_values(axes: Axes, values: Sequence[float], unit: float = 1) -> None:
    for index, value in enumerate(values):
        point = (value / unit, index)
        axes.annotate(size(value), point, (6, 0), textcoords="offset points", va="center", fontsize=7.5, color=INK)


PICTURES = (
    accuracy_against_latency,
    distributions,
    front_end_and_model,
    steady_and_paced,
    size_on_disk,
    memory,
)


def pictures(bench: Bench) -> list[Picture]:
    """The pictures that the results have figures for; the slow baselines would only squeeze these together."""
    rows = [row for group in by_model(bench.results) for row in group if row.clip_ms]
    drawn = [draw(rows) for draw in PICTURES] if rows else []
    return [picture for picture in drawn if picture]
