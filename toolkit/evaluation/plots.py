"""The picture of a sweep; and how a picture is saved."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...runtime.util.atomic import replacing
from ...runtime.util.foreign_text import picture_text
from .detections import DetectionScores
from .sweep import ROUND_STEPS

FEWEST_TOLD_APART = 1.0  # false alarms an hour; the axis is linear below, logarithmic above
APART_PIXELS = 24  # from one written threshold to the next


def write_tradeoff(path: Path, swept: Sequence[DetectionScores], chosen: DetectionScores | None, title: str) -> None:
    """Misses against false alarms an hour, a point a threshold, as a PNG; raises OutputError."""
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.plot(*_points(swept), marker=".", linewidth=1, label="thresholds")
    if chosen:
        axes.plot(*_points([chosen]), "o", markersize=9, fillstyle="none", label=f"chosen: {chosen.min_score:g}")
    axes.set_xscale("symlog", linthresh=FEWEST_TOLD_APART)
    axes.set(xlabel="false alarms an hour", ylabel="misses, fraction of the events", ylim=(-0.03, 1.03))
    axes.set_xlim(left=-0.05)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.grid(alpha=0.3)
    axes.legend()
    _name_points(axes, swept)
    figure.suptitle(picture_text(title))
    save_png(figure, path)


def _name_points(axes: Axes, swept: Sequence[DetectionScores]) -> None:
    """Write round thresholds beside their points, from the strictest, as far as there is room."""
    taken: list[np.ndarray] = []
    for scores in reversed(swept):
        (point,) = np.column_stack(_points([scores]))
        pixel = axes.transData.transform(point)
        if scores.min_score in ROUND_STEPS and all(np.abs(pixel - other).max() > APART_PIXELS for other in taken):
            axes.annotate(f"{scores.min_score:g}", point, (4, 4), textcoords="offset points", fontsize=8)
            taken.append(pixel)


def _points(swept: Sequence[DetectionScores]) -> tuple[list[float], list[float]]:
    rates = [scores.false_alarms_per_hour for scores in swept]
    return rates, [scores.misses / max(1, scores.hits + scores.misses) for scores in swept]


def save_png(figure: Figure, path: Path) -> None:
    """`figure` as a PNG at `path`, whole or not at all; raises OutputError."""
    with replacing(path) as temporary, warnings.catch_warnings():
        # A label in a script that the font lacks is drawn as boxes; its name stands in the figures.
        warnings.filterwarnings("ignore", "Glyph", UserWarning)
        figure.savefig(temporary, dpi=120)
