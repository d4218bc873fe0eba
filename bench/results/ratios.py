"""How much longer one thing takes than another, and whether that is a difference at all. Pure functions."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

from .schema import Row
from .stats import median_ratio, round_ratio
from .values import CALLS, FASTER, NO_DIFFERENCE, ROUNDS, SLOWER, PairRatio, Ratio, TimeSummary


def ratio_of(times: TimeSummary, other: TimeSummary, *, paired: bool) -> Ratio:
    """The ratio of two summaries of one kind of time.

    From two rounds each on, rounds count (`stats.round_ratio`); with fewer there are only the calls of single
    processes (`stats.median_ratio`), and the interval is too narrow.

    Args:
        times, other: numerator and denominator.
        paired: both were measured in the same rounds of one bench; rounds that only one has are left out.
    """
    first, second = times.round_p50, other.round_p50
    if paired:
        shared = min(len(first), len(second))
        first, second = first[:shared], second[:shared]
    if min(len(first), len(second)) >= 2:
        interval, basis = round_ratio(first, second, paired=paired), ROUNDS
    else:
        interval, basis = median_ratio(times.raw, other.raw), CALLS
    return Ratio(*interval, verdict(*interval), basis)


def verdict(ratio: float, low: float, high: float) -> str:
    """One word for a ratio of times and its interval."""
    if low <= 1 <= high:
        return NO_DIFFERENCE
    return SLOWER if ratio > 1 else FASTER


def pairwise(rows: Sequence[Row], kind: str) -> tuple[PairRatio, ...]:
    """`ratio_of` of each pair of `rows` that have the kind of time, the earlier row to the later one."""
    measured = [(index, times) for index, row in enumerate(rows) if (times := row.times(kind))]
    return tuple(
        PairRatio(**dataclasses.asdict(ratio_of(times, others, paired=True)), first=first, second=second)
        for (first, times), (second, others) in itertools.combinations(measured, 2)
    )


def between(pairs: Sequence[PairRatio], index: int, other: int) -> PairRatio | None:
    """Of what `pairwise` returned, the ratio of the row at `index` to the one at `other`; None where there is none."""
    for pair in pairs:
        if (pair.first, pair.second) == (index, other):
            return pair
        if (pair.first, pair.second) == (other, index):
            ratio, low, high = 1 / pair.ratio, 1 / pair.high, 1 / pair.low
            return PairRatio(ratio, low, high, verdict(ratio, low, high), pair.basis, first=index, second=other)
    return None
