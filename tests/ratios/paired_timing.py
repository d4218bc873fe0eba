"""Two calls compared: short series in turns, so that what disturbs one disturbs the other."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from genrekit.bench.measure.timing import Clock, timed
from genrekit.bench.results.stats import median_ratio
from genrekit.runtime import load

SERIES = 20  # timed calls of one before it is the other's turn
WARM_UP = 5  # calls before each series, because the other has taken the caches


def measure_pair(
    first: Path, second: Path, features: np.ndarray, calls: int, clock: Clock = time.perf_counter_ns
) -> dict[str, Any]:
    """Time one window through the models `first` and `second`, one thread each.

    Args:
        first, second: model files with a description.
        features: normalised float32 [shape=(n, frames, n_mfcc)]; the calls go round them.
        calls: timed calls of each, rounded up to whole series.

    Returns:
        As `measure_calls`.
    """
    windows = itertools.cycle(np.ascontiguousarray(window[np.newaxis]) for window in features)

    def call(path: Path) -> Callable[[], Any]:
        engine = load(path).engine
        return lambda: engine(next(windows))

    return measure_calls(call(first), call(second), calls, clock)


def measure_calls(
    first: Callable[[], Any], second: Callable[[], Any], calls: int, clock: Clock = time.perf_counter_ns
) -> dict[str, Any]:
    """Time `first` and `second` in turns, `calls` times each, rounded up to whole series.

    Returns:
        {"ratio", "low", "high"} of the median of `first` to that of `second` with its 95 % interval, and the raw
        milliseconds {"first_ms", "second_ms"}.
    """
    return measure_series(*(lambda call=call: series_of(call, clock) for call in (first, second)), calls)


def series_of(call: Callable[[], Any], clock: Clock = time.perf_counter_ns) -> list[float]:
    """Milliseconds of a series of calls, after those that warm up."""
    return [timed(clock, call)[1] for _ in range(WARM_UP + SERIES)][WARM_UP:]


def measure_series(first: Callable[[], list[float]], second: Callable[[], list[float]], calls: int) -> dict[str, Any]:
    """As `measure_calls`, of what makes series of `SERIES` milliseconds."""
    times: tuple[list[float], list[float]] = [], []
    for _ in range(0, calls, SERIES):
        for series, own in zip((first, second), times, strict=True):
            own += series()
    ratio, low, high = median_ratio(*times)
    return {"ratio": ratio, "low": low, "high": high, "first_ms": times[0], "second_ms": times[1]}
