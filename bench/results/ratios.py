"""How much longer one thing takes than another, and whether that is a difference at all. Pure functions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from .stats import median_ratio, round_ratio

RATIO_TIMES = ("clip_ms", "model_ms", "front_end_ms")
NO_DIFFERENCE, SLOWER, FASTER = "no difference", "slower", "faster"


def ratio_of(times: dict[str, Any], other: dict[str, Any], *, paired: bool) -> dict[str, Any]:
    """The ratio of two summaries (`stats.summary`) of one kind of time.

    From two rounds each on, rounds are drawn (`stats.round_ratio`); with fewer there are only the calls of single
    processes (`stats.median_ratio`), and the interval is too narrow.

    Args:
        times, other: numerator and denominator.
        paired: both were measured in the same rounds of one bench; rounds that only one has are left out.

    Returns:
        {"ratio", "low", "high", "verdict", "from"}: the ends of a 95 % interval, "no difference" where it holds 1 and
        "slower" or "faster" otherwise, and "rounds" or "calls".
    """
    rounds = [summary.get("round_p50", []) for summary in (times, other)]
    if paired:
        shared = min(map(len, rounds))
        rounds = [medians[:shared] for medians in rounds]
    if min(map(len, rounds)) >= 2:
        ratio, low, high = round_ratio(*rounds, paired=paired)
    else:
        ratio, low, high = median_ratio(times["raw"], other["raw"])
    drawn = "rounds" if min(map(len, rounds)) >= 2 else "calls"
    return {"ratio": ratio, "low": low, "high": high, "verdict": verdict(ratio, low, high), "from": drawn}


def verdict(ratio: float, low: float, high: float) -> str:
    """One word for a ratio of times and its interval."""
    if low <= 1 <= high:
        return NO_DIFFERENCE
    return SLOWER if ratio > 1 else FASTER


def pairwise(rows: Sequence[dict[str, Any]], time: str) -> list[dict[str, Any]]:
    """`ratio_of` of each pair of `rows` that have the kind of `time`.

    Returns:
        Rows {"first", "second", "ratio", ...}: places in `rows`; the ratio is of the first to the second, which comes
        later.
    """
    measured = [place for place, row in enumerate(rows) if row[time]]
    return [
        {"first": first, "second": second, **ratio_of(rows[first][time], rows[second][time], paired=True)}
        for first, second in itertools.combinations(measured, 2)
    ]


def between(pairs: Sequence[dict[str, Any]], place: int, other: int) -> dict[str, Any] | None:
    """Of what `pairwise` returned, the ratio of the row at `place` to the one at `other`; None where there is none."""
    for pair in pairs:
        if (pair["first"], pair["second"]) == (place, other):
            return pair
        if (pair["first"], pair["second"]) == (other, place):
            return _turned(pair)
    return None


def _turned(pair: dict[str, Any]) -> dict[str, Any]:
    ratio, low, high = 1 / pair["ratio"], 1 / pair["high"], 1 / pair["low"]
    places = {"first": pair["second"], "second": pair["first"]}
    return {**pair, **places, "ratio": ratio, "low": low, "high": high, "verdict": verdict(ratio, low, high)}
