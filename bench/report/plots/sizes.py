"""What files take: on disk, and in memory while they run."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from ...results.schema import Row
from ..format import size
from .drawing import INK, QUIET, Picture, colours, figure_of_files, logarithmic, svg


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
    axes.scatter(values, range(len(rows)), color=_colours(rows), s=25, zorder=2)
    _write_values(axes, values)
    return Picture("Size on disk", svg(figure, "disk"), "The whole file, with its labels and its description.")


def memory(rows: list[Row]) -> Picture | None:
    """A bar for each file, from zero."""
    rows = [row for row in rows if row.peak_rss_bytes]
    if not rows:
        return None
    values = [row.peak_rss_bytes or 0 for row in rows]
    figure, axes = figure_of_files(rows)
    axes.barh(range(len(rows)), [value / 1e6 for value in values], height=0.7, color=_colours(rows))
    axes.set_xlim(0, max(values) / 1e6 * 1.2)
    axes.set_xlabel("peak resident memory, MB")
    _write_values(axes, values, 1e6)
    return Picture(
        "Peak memory",
        svg(figure, "memory"),
        "The most that the process had resident, the largest of all rounds: Python, the engine, front end and model.",
    )


def _short_size(count: float) -> str:
    number, unit = size(round(count)).split()
    return f"{float(number):g} {unit}"


def _colours(rows: list[Row]) -> list[str]:
    colour_of = colours(rows)
    return [colour_of[row.model or ""] for row in rows]


def _write_values(axes: Axes, values: Sequence[float], unit: float = 1) -> None:
    for index, value in enumerate(values):
        point = (value / unit, index)
        axes.annotate(size(value), point, (6, 0), textcoords="offset points", va="center", fontsize=7.5, color=INK)
