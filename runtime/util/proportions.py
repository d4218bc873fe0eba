"""Intervals of fractions that were counted on a sample."""

from __future__ import annotations

import math
import statistics


def wilson_interval(fraction: float, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's interval (1927) of a `fraction` of `count` independent things: (low, high) in [0, 1]."""
    z = statistics.NormalDist().inv_cdf((1 + confidence) / 2)
    middle = (fraction + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * math.sqrt(fraction * (1 - fraction) / count + z**2 / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)
