"""Two model files beside each other: short series of calls in turns, so that what disturbs one disturbs the other."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import Any

import numpy as np

from ..runtime import load
from .measure import Clock, timed
from .stats import median_ratio

SERIES = 20  # timed calls of one file before it is the other's turn
WARM_UP = 5  # calls before each series, because the other file has taken the caches


def measure_pair(
    first: Path, second: Path, features: np.ndarray, runs: int, clock: Clock = time.perf_counter_ns
) -> dict[str, Any]:
    """Time one window through the models `first` and `second`, one thread each.

    Args:
        first, second: model files with a description.
        features: normalised float32 [shape=(n, frames, n_mfcc)]; the calls go round them.
        runs: timed calls of each, rounded up to whole series.

    Returns:
        {"ratio", "low", "high"} of the median of `first` to that of `second` with its 95 % interval, and the raw
        milliseconds {"first_ms", "second_ms"}.
    """
    engines = [load(path).engine for path in (first, second)]
    windows = itertools.cycle(np.ascontiguousarray(window[np.newaxis]) for window in features)
    times: tuple[list[float], list[float]] = [], []
    for _ in range(0, runs, SERIES):
        for engine, own in zip(engines, times, strict=True):
            own += [timed(clock, engine, next(windows))[1] for _ in range(WARM_UP + SERIES)][WARM_UP:]
    ratio, low, high = median_ratio(*times)
    return {"ratio": ratio, "low": low, "high": high, "first_ms": times[0], "second_ms": times[1]}
