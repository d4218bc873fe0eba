"""Figures from raw values, and how much longer one thing takes than another: pure functions."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import statistics
from collections.abc import Sequence

import numpy as np

from ...runtime.prediction import UNKNOWN
from .schema import Row
from .values import CALLS, FASTER, NO_DIFFERENCE, ROUNDS, SLOWER, PairRatio, Ratio, TimeSummary

CALIBRATION_BINS = 15
NORMAL_QUANTILE = statistics.NormalDist().inv_cdf(0.975)
# Student's quantiles of 97.5 % for 1 to 4 degrees of freedom, where the expansion below is too rough.
STUDENT_QUANTILES = (12.7062, 4.3027, 3.1824, 2.7764)

Interval = tuple[float, float, float]  # a figure, and the lower and upper end of its 95 % interval


def summary(rounds: Sequence[Sequence[float]]) -> TimeSummary:
    """Percentiles, mean, interquartile range, count and the values themselves; all in the unit of the values.

    Percentiles are over the values of all rounds (> 0, at least one in each), and interpolate linearly between the two
    nearest (Hyndman and Fan 1996, type 7).
    """
    raw = tuple(value for values in rounds for value in values)
    p25, p50, p75, p90, p99 = (float(value) for value in np.percentile(raw, [25, 50, 75, 90, 99]))
    return TimeSummary(
        p50=p50,
        p90=p90,
        p99=p99,
        mean=float(np.mean(raw)),
        iqr=p75 - p25,
        n=len(raw),
        raw=raw,
        round_n=tuple(len(values) for values in rounds),
        round_p50=tuple(float(np.median(values)) for values in rounds),
    )


def fraction_equal(first: Sequence[str], second: Sequence[str]) -> float:
    """Fraction in [0, 1] of the indexes at which two sequences of one length, at least 1, hold the same label."""
    return sum(a == b for a, b in zip(first, second, strict=True)) / len(first)


def answered(
    predicted: Sequence[str], unknown: Sequence[bool], truth: Sequence[str], classes: Sequence[str]
) -> tuple[float | None, float | None]:
    """The fraction of clips that are answered with "unknown", and the accuracy of the answers to the rest.

    None where nothing is known of it, or no clip is left. A class of that name makes "unknown" an answer like others.

    Args:
        predicted: label of each clip.
        unknown: for each clip whether the model does not know; may be empty.
        truth: true label of each clip.
        classes: of the model.
    """
    if not unknown:
        return None, None
    answers = [UNKNOWN if rejected else label for label, rejected in zip(predicted, unknown, strict=True)]
    right = [answer == true for answer, true in zip(answers, truth, strict=True) if answer in classes]
    return answers.count(UNKNOWN) / len(answers), sum(right) / len(right) if right else None


def calibration_error(scores: Sequence[float], right: Sequence[bool], bins: int = CALIBRATION_BINS) -> float:
    """Expected calibration error in [0, 1]: how far the score of the chosen label is from the fraction that is right.

    Source: Guo, Pleiss, Sun and Weinberger (2017), equation 3: bins of equal width over (0, 1].

    Args:
        scores: probability of the chosen label of each clip, in [0, 1].
        right: whether that label is the true one.
    """
    score = np.asarray(scores, float)
    bin_of = np.clip(np.ceil(score * bins).astype(int) - 1, 0, bins - 1)
    return float(np.abs(np.bincount(bin_of, np.asarray(right, float) - score, bins)).sum() / len(score))


def median_ratio(numerator: Sequence[float], denominator: Sequence[float]) -> Interval:
    """Median of `numerator` over median of `denominator`, both of values > 0, with an interval that knows no shape.

    Source: Price and Bonett (2002), Distribution-free confidence intervals for difference and ratio of medians. The
    interval covers the spread within the values alone: what differs from one process to the next is not in it.
    """
    centre = math.log(np.median(numerator) / np.median(denominator))
    half = NORMAL_QUANTILE * math.hypot(_log_median_error(numerator), _log_median_error(denominator))
    return math.exp(centre), math.exp(centre - half), math.exp(centre + half)


def _log_median_error(values: Sequence[float]) -> float:
    """Standard error of the logarithm of the median, from two of the values that hold it between them."""
    below, z = _order_statistics(len(values))
    ordered = sorted(values)
    return math.log(ordered[-below] / ordered[below - 1]) / (2 * z)


@functools.cache
def _order_statistics(count: int) -> tuple[int, float]:
    """Which of the values from each end hold the median, and how many standard errors they are from it."""
    below = max(1, round((count + 1) / 2 - math.sqrt(count)))
    outside = sum(math.comb(count, k) for k in range(below)) / 2**count
    return below, statistics.NormalDist().inv_cdf(1 - outside) if outside < 0.5 else 1.0


def round_ratio(numerator: Sequence[float], denominator: Sequence[float], *, paired: bool) -> Interval:
    """Geometric mean over rounds of `numerator` over that of `denominator`, with Student's interval around it.

    Rounds count, not calls: calls of one process are alike. The logarithms make a t interval, of their differences
    where rounds are paired, and Welch's otherwise.

    Args:
        numerator, denominator: the median of each round, > 0, at least two each.
        paired: round i of both was measured at about the same time; both have the same number of rounds.
    """
    first, second = np.log(np.asarray(numerator, float)), np.log(np.asarray(denominator, float))
    centre = float(first.mean() - second.mean())
    samples = [first - second] if paired else [first, second]
    counts = [len(logs) for logs in samples]
    variances = [float(logs.var(ddof=1)) / len(logs) for logs in samples]
    spread = sum(variance**2 / (count - 1) for variance, count in zip(variances, counts, strict=True))
    freedom = sum(variances) ** 2 / spread if spread else min(counts) - 1.0  # Welch's
    half = math.sqrt(sum(variances)) * student_quantile(freedom)
    return math.exp(centre), math.exp(centre - half), math.exp(centre + half)


def student_quantile(freedom: float) -> float:
    """Student's t below which 97.5 % of the distribution with `freedom` >= 1 degrees lie, to 0.003.

    Source: Abramowitz and Stegun, 26.7.5.
    """
    if freedom < 5:
        return STUDENT_QUANTILES[max(1, int(freedom)) - 1]
    z = NORMAL_QUANTILE
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, start=1))


def ratio_of(times: TimeSummary, other: TimeSummary, *, paired: bool) -> Ratio:
    """The ratio of two summaries of one kind of time.

    From two rounds each on, rounds count (`round_ratio`); with fewer there are only the calls of single
    processes (`median_ratio`), and the interval is too narrow.

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


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Indexes of the (cost, worth) pairs that no other pair beats: none costs no more and is worth no less.

    Of equal pairs the first stays. The indexes come in order of cost.
    """
    front: list[int] = []
    for index in sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1])):
        if not front or points[index][1] > points[front[-1]][1]:
            front.append(index)
    return front
