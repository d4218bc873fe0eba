"""Every file beside the fastest one, and beside every other: ratios in words. Pure functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..results.ratios import NO_DIFFERENCE, SLOWER, between
from ..results.recommend import fastest
from ..results.warnings import FUNCTIONAL_ENGINES
from .columns import all_rows, milliseconds, name_of

BESIDE_TIMES = ("clip_ms", "model_ms")


def beside_the_fastest(bench: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """The ratios of times of a clip and of a model's call to those of the file with the fastest clip.

    Returns:
        Name of the fastest, and for each other row with times {"name", "clip_ms", "model_ms"}: what `ratios.between`
        tells, or None. No rows where there is nothing to compare.
    """
    place = fastest(bench)
    if place is None:
        return "", []
    rows = all_rows(bench)
    return name_of(rows[place]), [
        {"name": name_of(rows[other]), **_ratios(bench, other, place)} for other in _timed(bench) if other != place
    ]


def _ratios(bench: dict[str, Any], other: int, place: int) -> dict[str, Any]:
    return {time: between(bench["ratios"].get(time, ()), other, place) for time in BESIDE_TIMES}


def _timed(bench: dict[str, Any]) -> list[int]:
    """Places of the rows with times that may be compared, model by model, baselines last."""
    rows, results = all_rows(bench), len(bench["results"])
    models = list(dict.fromkeys(row["model"] for row in rows))
    places = [place for place, row in enumerate(rows) if row["clip_ms"] and row["engine"] not in FUNCTIONAL_ENGINES]
    return sorted(places, key=lambda place: (place >= results, models.index(rows[place]["model"])))


def ratio_matrix(bench: dict[str, Any], time: str = "clip_ms") -> list[dict[str, Any]]:
    """Each row beside each: {"name", "ratios"}, how much longer it takes than each of the list; None for itself."""
    rows, places = all_rows(bench), _timed(bench)
    pairs = bench["ratios"].get(time, ())
    return [
        {"name": name_of(rows[place]), "ratios": [between(pairs, place, other) for other in places]} for place in places
    ]


def verdict_words(ratio: dict[str, Any] | None, figure: Callable[[float], str] = milliseconds) -> str:
    """What a ratio says: "no difference", "1.84 times as slow" or "1.84 times as fast"; `figure` writes the number."""
    if ratio is None:
        return "–"
    if ratio["verdict"] == NO_DIFFERENCE:
        return NO_DIFFERENCE
    slower = ratio["verdict"] == SLOWER
    return f"{figure(ratio['ratio'] if slower else 1 / ratio['ratio'])} times as {'slow' if slower else 'fast'}"


def ratio_cell(ratio: dict[str, Any] | None) -> str:
    """The ratio itself."""
    return milliseconds(ratio and ratio["ratio"])


def interval_cell(ratio: dict[str, Any] | None) -> str:
    """The 95 % interval of a ratio."""
    return f"{milliseconds(ratio['low'])} to {milliseconds(ratio['high'])}" if ratio else "–"
