"""The two pictures of a run: curves over the epochs, and the confusion matrix of the test part."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ...runtime.util.foreign_text import picture_text
from ..evaluation.plots import save_png
from .spec import Epoch

LETTERS_AN_INCH = 10  # of a title


def write_curves(path: Path, history: Sequence[Epoch], title: str) -> None:
    """Accuracy and error of training and validation over the epochs, as a PNG; raises OutputError."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    epochs = [row.epoch for row in history]
    for axes, name, label in zip(
        figure.subplots(1, 2), ("accuracy", "loss"), ("accuracy", "cross-entropy"), strict=True
    ):
        axes.plot(epochs, [getattr(row, name) for row in history], label="training")
        axes.plot(epochs, [getattr(row, f"val_{name}") for row in history], label="validation")
        axes.set(xlabel="epoch", ylabel=label)
        axes.grid(alpha=0.3)
        axes.legend()
    figure.suptitle(picture_text(title))
    save_png(figure, path)


def write_confusion(path: Path, confusion: list[list[int]], labels: Sequence[str], title: str) -> None:
    """Counts of true against chosen labels, as a PNG; raises OutputError."""
    counts = np.array(confusion)
    side = 2 + 0.45 * len(labels)
    figure = Figure(figsize=(side + 0.8, side), layout="constrained")
    axes = figure.subplots()
    # Colour by fraction of the true class, so that a large class does not hide the others.
    axes.imshow(counts / np.maximum(1, counts.sum(axis=1, keepdims=True)), cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        dark = count > counts[row].sum() / 2
        axes.text(column, row, count, ha="center", va="center", fontsize=8, color="white" if dark else "black")
    names = [picture_text(label) for label in labels]
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="chosen", ylabel="true")
    figure.suptitle(
        textwrap.fill(f"{picture_text(title)}: test segments", round(LETTERS_AN_INCH * figure.get_figwidth()))
    )
    save_png(figure, path)
