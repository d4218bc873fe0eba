"""The recommendations in sentences."""

from __future__ import annotations

from ..results.recommend import FASTEST, MOST_ACCURATE, SMALLEST
from ..results.schema import Bench
from ..results.values import CALLS, Recommendation
from .format import fraction, size, three_digits

DEMO = " The demo corpus is synthetic: this says nothing about music."


def recommendation_lines(bench: Bench) -> list[str]:
    """A sentence or two for each goal."""
    return [recommendation_text(bench, found) for found in bench.recommendations]


def recommendation_text(bench: Bench, found: Recommendation) -> str:
    """Which file it is, what it costs, and how the others compare."""
    row, count = bench.results[found.index], bench.clips.count
    start, demo = f"The {found.goal} is {found.case}:", DEMO if bench.demo else ""
    clip = f"{three_digits(row.clip_ms.p50 if row.clip_ms else None)} ms a clip"
    figures = clip if row.accuracy is None else f"{clip}, accuracy {fraction(row.accuracy)}"
    if found.goal == SMALLEST:
        return f"{start} {size(row.bytes)} on disk, {figures}."
    if found.goal == FASTEST:
        return f"{start} {figures}.{_slower(found)}"
    if found.goal == MOST_ACCURATE:
        low, high = row.accuracy_interval or (None, None)
        interval = f"(95 % interval {fraction(low)} to {fraction(high)})"
        others = _as_accurate(found, count)
        return f"{start} {fraction(row.accuracy)} of {count} clips {interval}, {clip}.{others}{demo}"
    return f"{start} {figures}.{_front(found)}{demo}"


def _slower(found: Recommendation) -> str:
    """How many of the others are measurably slower."""
    if not found.others:
        return ""
    slower = found.others - found.similar
    who = _how_many(slower, found.others)
    sentence = f" {who[0].upper()}{who[1:]} {'is' if slower < 2 else 'are'} measurably slower"
    sentence += f", {found.similar} {'is' if found.similar == 1 else 'are'} not." if found.similar and slower else "."
    if found.basis == CALLS:
        sentence += " That is by the calls of one process each, and processes differ: measure with --rounds 3 or more."
    return sentence


def _as_accurate(found: Recommendation, clips: int) -> str:
    """How many of the others have intervals that overlap, and what so many clips can say of these."""
    if not found.others:
        return ""
    who = _how_many(found.similar, found.others)
    if found.similar == 0:
        return f" The intervals of {who} overlap with it."
    overlap, them = (
        (f"interval of {who} overlaps", "it") if found.similar == 1 else (f"intervals of {who} overlap", "these")
    )
    return f" The {overlap} with it. {clips} clips are too few to tell {them} apart from it."


def _front(found: Recommendation) -> str:
    if found.similar:
        return (
            f" {found.similar + 1} of {found.others + 1} files are beaten by none in both accuracy and time; of these "
            "it is nearest to the best of both."
        )
    return " No file is more accurate, and none is faster." if found.others else ""


def _how_many(count: int, others: int) -> str:
    if count == others:
        return "the other one" if others == 1 else f"all other {others}"
    return f"{count or 'none'} of the other {others}"
