"""Which file to take for which goal. Pure functions; `report.advice` makes sentences of it."""

from __future__ import annotations

import math

import numpy as np

from .schema import Bench, Row
from .stats import between, pareto_front
from .values import CALLS, ROUNDS, SLOWER, Recommendation
from .warnings import FUNCTIONAL_ENGINES

SMALLEST, FASTEST, MOST_ACCURATE, ON_THE_FRONT = "smallest", "fastest", "most accurate", "best on the front"


def recommendations(bench: Bench) -> tuple[Recommendation, ...]:
    """A file for each goal: smallest, fastest, most accurate, best on the front; none where no clip was timed.

    Baselines and tflite-micro on a desk do not take part. "Fastest" is by the median time of a clip. "Best on the
    front" is that file of the Pareto front (accuracy against the median time of a clip) which lies nearest to the
    corner of the most accurate and the fastest, where accuracy and the logarithm of the time are each scaled to the
    range [0, 1] of all measured files.
    """
    rows, timed = bench.results, candidates(bench)
    if not timed:
        return ()
    smallest = min(timed, key=lambda index: (rows[index].bytes or math.inf, clip_ms(rows[index])))
    found = [Recommendation(SMALLEST, rows[smallest].name, smallest, len(timed) - 1), _fastest(bench, timed)]
    if scored := [index for index in timed if rows[index].accuracy is not None]:
        found += [_most_accurate(bench, scored), _on_the_front(bench, scored)]
    return tuple(found)


def candidates(bench: Bench) -> list[int]:
    """Indexes of the results whose times of a clip may be compared."""
    rows = enumerate(bench.results)
    return [index for index, row in rows if row.clip_ms and row.engine not in FUNCTIONAL_ENGINES]


def fastest(bench: Bench) -> int | None:
    """Index of the result with the least median time of a clip."""
    return min(candidates(bench), key=lambda index: clip_ms(bench.results[index]), default=None)


def clip_ms(row: Row) -> float:
    """Median milliseconds of a clip; infinite where there is none."""
    return row.clip_ms.p50 if row.clip_ms else math.inf


def _fastest(bench: Bench, timed: list[int]) -> Recommendation:
    index = min(timed, key=lambda index: clip_ms(bench.results[index]))
    pairs = bench.ratios.get("clip_ms", ())
    ratios = [ratio for other in timed if other != index and (ratio := between(pairs, other, index))]
    similar = sum(ratio.verdict != SLOWER for ratio in ratios)
    basis = CALLS if any(ratio.basis == CALLS for ratio in ratios) else ROUNDS
    return Recommendation(FASTEST, bench.results[index].name, index, len(ratios), similar, basis)


def _most_accurate(bench: Bench, scored: list[int]) -> Recommendation:
    rows = bench.results
    index = max(scored, key=lambda index: (rows[index].accuracy or 0, -clip_ms(rows[index])))
    low, _ = _accuracy_interval(rows[index])
    similar = sum(_accuracy_interval(rows[other])[1] >= low for other in scored if other != index)
    return Recommendation(MOST_ACCURATE, rows[index].name, index, len(scored) - 1, similar)


def _accuracy_interval(row: Row) -> tuple[float, float]:
    return row.accuracy_interval or (row.accuracy or 0, row.accuracy or 0)


def _on_the_front(bench: Bench, scored: list[int]) -> Recommendation:
    rows = [bench.results[index] for index in scored]
    points = np.array([(math.log(clip_ms(row)), row.accuracy or 0) for row in rows])
    front = pareto_front(points.tolist())
    spread = np.ptp(points, axis=0)
    scaled = (points - [points[:, 0].min(), points[:, 1].max()]) / np.where(spread, spread, 1)  # the corner is (0, 0)
    nearest = min(front, key=lambda index: math.hypot(*scaled[index]))
    return Recommendation(ON_THE_FRONT, rows[nearest].name, scored[nearest], len(rows) - 1, len(front) - 1)
