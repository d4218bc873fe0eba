"""Figures from raw values: pure functions of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

RESAMPLES = 2000


def summary(raw: Sequence[float]) -> dict[str, Any]:
    """Percentiles, mean, interquartile range, count and the values themselves; all in the unit of `raw`.

    Percentiles interpolate linearly between the two nearest values (Hyndman and Fan 1996, type 7).
    """
    p25, p50, p75, p90, p99 = (float(value) for value in np.percentile(raw, [25, 50, 75, 90, 99]))
    return {
        "p50": p50,
        "p90": p90,
        "p99": p99,
        "mean": float(np.mean(raw)),
        "iqr": p75 - p25,
        "n": len(raw),
        "raw": list(raw),
    }


def share_equal(first: Sequence[str], second: Sequence[str]) -> float:
    """Share in [0, 1] of the places where two sequences of one length, at least 1, hold the same label."""
    return sum(a == b for a, b in zip(first, second, strict=True)) / len(first)


def median_ratio(
    numerator: Sequence[float], denominator: Sequence[float], *, confidence: float = 0.95, seed: int = 0
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
