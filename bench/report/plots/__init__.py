"""The page's pictures as inline SVG: drawn by matplotlib, inked in the colour of the text around them."""

from __future__ import annotations

from ...results.schema import Bench, by_model
from .accuracy import accuracy_against_latency
from .drawing import Picture
from .files import distributions, front_end_and_model, memory, size_on_disk, steady_and_paced

__all__ = ["Picture", "pictures"]

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
