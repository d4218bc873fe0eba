"""The recommendations in sentences."""

from __future__ import annotations

from ...runtime.engines import PROGRAM
from ..results.recommend import FASTEST, MOST_ACCURATE, ON_THE_FRONT, SMALLEST
from ..results.schema import Bench
from ..results.stats import between
from ..results.values import CALLS, Recommendation
from .format import fraction, size, three_digits
from .relative_times import verdict_words

DEMO = " The demo corpus is synthetic: this says nothing about music."


def recommendation_lines(bench: Bench) -> list[str]:
    """A sentence or two for each goal, and what int8 is worth in C."""
    return [*(recommendation_text(bench, found) for found in bench.recommendations), *precision_lines(bench)]


def precision_lines(bench: Bench) -> list[str]:
    """What int8 takes in C beside float32, model by model: which of the two is faster depends on the processor."""
    in_c = {(row.model, row.precision): index for index, row in enumerate(bench.results) if row.engine == PROGRAM.name}
    lines = []
    for (model, precision), index in in_c.items():
        twin = in_c.get((model, "float32"))
        if precision == "float32" or twin is None:
            continue
        if ratio := between(bench.ratios.get("clip_ms", ()), index, twin):
            ours, floating = bench.results[index], bench.results[twin]
            interval = f"95 % interval of the ratio {three_digits(ratio.low)} to {three_digits(ratio.high)}"
            lines.append(
                f"In C on this machine, {ours.name} beside {floating.name}: {verdict_words(ratio)} ({interval}), "
                f"{size(ours.bytes)} of code and constants against {size(floating.bytes)}."
            )
    return lines


def recommendation_text(bench: Bench, found: Recommendation) -> str:
    """Which file it is, what it costs, and how the others compare."""
    row, count = bench.results[found.index], bench.clips.count
    start, demo = f"The {found.goal} is {found.case}:", DEMO if bench.demo else ""
    clip = f"{three_digits(row.clip_ms.p50 if row.clip_ms else None)} ms a clip"
    figures = clip if row.accuracy is None else f"{clip}, accuracy {fraction(row.accuracy)}"
    if found.goal == SMALLEST:
        where = "of code and constants" if row.engine == PROGRAM.name else "on disk"
        return f"{start} {size(row.bytes)} {where}, {figures}."
    if found.goal == MOST_ACCURATE:
        low, high = row.accuracy_interval or (None, None)
        interval = f"(95 % interval {fraction(low)} to {fraction(high)})"
        figures = f"{fraction(row.accuracy)} of {count} clips {interval}, {clip}"
    if found.goal == FASTEST:
        demo = ""
    others = _others(found, count) if found.others else ""
    return f"{start} {figures}.{others}{demo}"


def _others(found: Recommendation, clips: int) -> str:
    """How the other files compare, and what so many clips can say of them."""
    if found.goal == MOST_ACCURATE:
        who = _how_many(found.similar, found.others)
        if found.similar == 0:
            return f" The intervals of {who} overlap with it."
        one = found.similar == 1
        overlap, them = (f"interval of {who} overlaps", "it") if one else (f"intervals of {who} overlap", "these")
        return f" The {overlap} with it. {clips} clips are too few to tell {them} apart from it."
    if found.goal == ON_THE_FRONT:
        if not found.similar:
            return " No file is more accurate, and none is faster."
        return (
            f" {found.similar + 1} of {found.others + 1} files are beaten by none in both accuracy and time; of these "
            "it is nearest to the best of both."
        )
    slower = found.others - found.similar
    who = _how_many(slower, found.others)
    sentence = f" {who[0].upper()}{who[1:]} {'is' if slower < 2 else 'are'} measurably slower"
    sentence += f", {found.similar} {'is' if found.similar == 1 else 'are'} not." if found.similar and slower else "."
    if found.basis == CALLS:
        sentence += " That is by the calls of one process each, and processes differ: measure with --rounds 3 or more."
    return sentence


def _how_many(count: int, others: int) -> str:
    if count == others:
        return "the other one" if others == 1 else f"all other {others}"
    return f"{count or 'none'} of the other {others}"
