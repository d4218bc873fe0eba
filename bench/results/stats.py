"""Figures from raw values: pure functions of numbers."""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np

RESAMPLES = 2000
CONFIDENCE = 0.95
CALIBRATION_BINS = 15
LEAST_GROUP = 0.15  # share of the values that makes a group
OUTLIERS = 0.02  # share of the values at each end that may lie anywhere
ASHMAN_D = 4.0


def summary(rounds: Sequence[Sequence[float]]) -> dict[str, Any]:
    """Percentiles, mean, interquartile range, count and the values themselves; all in the unit of the values.

    Percentiles are over the values of all rounds, and interpolate linearly between the two nearest (Hyndman and Fan
    1996, type 7).

    Args:
        rounds: the values of each round, at least one in each.

    Returns:
        {"p50", "p90", "p99", "mean", "iqr", "n", "raw", "round_n", "round_p50"}: "raw" holds the rounds one after the
        other, "round_n" how many values each has, "round_p50" the median of each.
    """
    raw = [value for values in rounds for value in values]
    p25, p50, p75, p90, p99 = (float(value) for value in np.percentile(raw, [25, 50, 75, 90, 99]))
    return {
        "p50": p50,
        "p90": p90,
        "p99": p99,
        "mean": float(np.mean(raw)),
        "iqr": p75 - p25,
        "n": len(raw),
        "raw": raw,
        "round_n": [len(values) for values in rounds],
        "round_p50": [float(np.median(values)) for values in rounds],
    }


def share_equal(first: Sequence[str], second: Sequence[str]) -> float:
    """Share in [0, 1] of the places where two sequences of one length, at least 1, hold the same label."""
    return sum(a == b for a, b in zip(first, second, strict=True)) / len(first)


def calibration_error(scores: Sequence[float], right: Sequence[bool], bins: int = CALIBRATION_BINS) -> float:
    """Expected calibration error in [0, 1]: how far the score of the chosen label is from the share that is right.

    Source: Guo, Pleiss, Sun and Weinberger (2017), equation 3: bins of equal width over (0, 1].

    Args:
        scores: probability of the chosen label of each clip, in [0, 1].
        right: whether that label is the true one.
        bins: how many.
    """
    scores, right = np.asarray(scores, float), np.asarray(right, float)
    places = np.clip(np.ceil(scores * bins).astype(int) - 1, 0, bins - 1)
    return float(np.abs(np.bincount(places, right - scores, bins)).sum() / len(scores))


def median_ratio(
    numerator: Sequence[float], denominator: Sequence[float], *, confidence: float = CONFIDENCE, seed: int = 0
) -> tuple[float, float, float]:
    """Median of `numerator` over median of `denominator`, with a percentile bootstrap interval around it.

    Source: Efron and Tibshirani (1993), chapter 13. The interval covers the spread within the raw values
    alone: what differs from one process to the next is not in it.

    Returns:
        ratio, lower and upper end.
    """
    generator = np.random.default_rng(seed)
    ratios = _resampled_medians(numerator, generator) / _resampled_medians(denominator, generator)
    tail = 50 * (1 - confidence)
    low, high = np.percentile(ratios, [tail, 100 - tail])
    return float(np.median(numerator) / np.median(denominator)), float(low), float(high)


def _resampled_medians(values: Sequence[float], generator: np.random.Generator) -> np.ndarray:
    """Medians of RESAMPLES draws with replacement. [shape=(RESAMPLES,)]"""
    return np.median(generator.choice(np.asarray(values, float), (RESAMPLES, len(values))), axis=1)


def round_ratio(
    numerator: Sequence[float], denominator: Sequence[float], *, paired: bool, seed: int = 0
) -> tuple[float, float, float]:
    """Geometric mean over rounds of `numerator` over that of `denominator`, with a bootstrap interval around it.

    Rounds are drawn, not calls: calls of one process are alike. The percentile interval of the draws is stretched
    about the ratio by `narrowness`, because draws from few rounds lie too close together.

    Args:
        numerator, denominator: the median of each round, > 0, at least two each.
        paired: round i of both was measured at about the same time; both have the same number of rounds.
        seed: of the draws.

    Returns:
        ratio, lower and upper end.
    """
    logs = [np.log(np.asarray(values, float)) for values in (numerator, denominator)]
    generator = np.random.default_rng(seed)
    drawn = [generator.integers(0, len(values), (RESAMPLES, len(values))) for values in logs]
    if paired:
        drawn[1] = drawn[0]
    first, second = (values[places].mean(axis=1) for values, places in zip(logs, drawn, strict=True))
    ratio = logs[0].mean() - logs[1].mean()
    tail = 50 * (1 - CONFIDENCE)
    ends = np.percentile(first - second, [tail, 100 - tail])
    low, high = np.exp(ratio + narrowness(min(map(len, logs))) * (ends - ratio))
    return float(np.exp(ratio)), float(low), float(high)


@functools.cache
def narrowness(count: int, confidence: float = CONFIDENCE) -> float:
    """How much too narrow a percentile bootstrap interval of the mean of `count` >= 2 values is: a factor > 1.

    ``t / z * sqrt(n / (n - 1))``: z and t are the quantiles of the normal distribution and of Student's with n - 1
    degrees of freedom. Source: Hesterberg (2015), What Teachers Should Know About the Bootstrap, section 3.3.
    """
    upper = (1 + confidence) / 2
    z = statistics.NormalDist().inv_cdf(upper)
    return student_quantile(upper, count - 1) / z * math.sqrt(count / (count - 1))


def student_quantile(share: float, freedom: int) -> float:
    """Student's t below which `share` in [0.5, 0.999] of the distribution with `freedom` >= 1 degrees lies.

    The density is summed by the trapezoid rule over the angle atan(t / sqrt(freedom)), where it has no tail.
    """
    angles = np.linspace(0, math.pi / 2, 100_001)
    density = np.cos(angles) ** (freedom - 1)
    cumulative = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    angle = np.interp(share - 0.5, cumulative / cumulative[-1] / 2, angles)
    return math.sqrt(freedom) * math.tan(angle)


def modes(values: Sequence[float]) -> tuple[float, float] | None:
    """The medians of two groups that `values` > 0 fall into, or None where they are one group.

    The logarithms, without the `OUTLIERS` at both ends, are cut where the variance within both sides is least (Otsu
    1979). They count as two groups where each holds at least `LEAST_GROUP`, and the medians are further apart than
    four of the groups' common deviation (Ashman, Bird and Zepf 1994, whose D of 2 also finds two groups in a flat or a
    skewed distribution).
    """
    ordered = np.sort(np.log(np.asarray(values, float)))
    outliers = math.ceil(OUTLIERS * len(ordered))
    ordered = ordered[outliers : len(ordered) - outliers]
    if len(ordered) < 2:
        return None
    within = [ordered[:cut].var() * cut + ordered[cut:].var() * (len(ordered) - cut) for cut in range(1, len(ordered))]
    below, above = np.split(ordered, [1 + int(np.argmin(within))])
    deviation = math.sqrt((_spread(below) ** 2 + _spread(above) ** 2) / 2)
    apart = np.median(above) - np.median(below) > ASHMAN_D * deviation
    if not apart or min(len(below), len(above)) < LEAST_GROUP * len(ordered):
        return None
    return float(np.exp(np.median(below))), float(np.exp(np.median(above)))


def _spread(values: np.ndarray) -> float:
    """A deviation that a few outliers do not move: of a normal distribution, the standard deviation."""
    p25, p75 = np.percentile(values, [25, 75])
    return (p75 - p25) / 1.349


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Places of the (cost, worth) pairs that no other pair beats: none costs no more and is worth no less.

    Of equal pairs the first stays. The places come in order of cost.
    """
    best = float("-inf")
    front = []
    for place in sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1], i)):
        if points[place][1] > best:
            best = points[place][1]
            front.append(place)
    return front
