"""The same decisions at many thresholds, and the threshold to take for a wished rate of false alarms."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...runtime.errors import ParameterError
from .detections import DetectionScores, Matching

ROUND_STEPS = tuple(round(0.05 * step, 2) for step in range(20))
DIGITS = 6  # of other thresholds: the scores of a sure model differ in the last of them
MOST = 150  # thresholds at which events are lost, and as many at which alarms fall silent


def sweep(matching: Matching) -> tuple[DetectionScores, ...]:
    """The scores at `thresholds`, the lowest first."""
    return tuple(matching.scores(threshold) for threshold in thresholds(matching))


def thresholds(matching: Matching) -> list[float]:
    """Round ones, and those at which something changes, the lowest first.

    That is for each event the highest that still hits it, and for each false alarm the lowest that silences it. Of more
    than `MOST` they are the highest, and from there down ever fewer: rates that people wish for are low.
    """
    score, begins = matching.decisions.score, matching.false_alarms(0.0)
    outside = np.flatnonzero(matching.outside)
    peaks = np.maximum.reduceat(score[outside], np.searchsorted(outside, begins)) if len(begins) else score[:0]
    last_hits = {_at_most(float(score[own].max())) for own in matching.hitting if len(own)}
    first_silent = {round(_at_most(peak) + 10**-DIGITS, DIGITS) for peak in peaks.tolist()}
    return sorted({*ROUND_STEPS, *_thinned(last_hits), *_thinned({each for each in first_silent if each <= 1})})


def _at_most(score: float) -> float:
    """The last threshold at which a line with this `score` is shown."""
    rounded = round(score, DIGITS)
    return rounded if rounded <= score else round(rounded - 10**-DIGITS, DIGITS)


def _thinned(values: set[float]) -> list[float]:
    falling = sorted(values, reverse=True)
    if len(falling) <= MOST:
        return falling
    return [falling[index - 1] for index in np.unique(np.geomspace(1, len(falling), MOST).round().astype(int))]


def choose(swept: Sequence[DetectionScores], false_alarms_per_hour: float) -> DetectionScores | None:
    """Of the thresholds with at most so many false alarms an hour the one with the fewest misses; None without any.

    Of several it is the one with the fewest false alarms, then the lowest.
    """
    require_rate(false_alarms_per_hour)
    within = [scores for scores in swept if scores.false_alarms_per_hour <= false_alarms_per_hour]
    return min(within, key=lambda scores: (scores.misses, scores.false_alarms, scores.min_score), default=None)


def require_rate(false_alarms_per_hour: float) -> None:
    """Raises ParameterError on a rate that cannot be wished for."""
    if not 0 <= false_alarms_per_hour < math.inf:
        raise ParameterError(f"false_alarms_per_hour={false_alarms_per_hour}: expected 0 or more, such as 1")
