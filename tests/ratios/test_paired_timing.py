"""Pairs with a clock of our own: what is timed, in which order, and what comes out."""

import numpy as np

from .paired_timing import SERIES, WARM_UP, measure_pair


def test_series_take_turns_and_the_ratio_is_that_of_the_medians(tiny_models):
    ticks = iter(range(10**9))
    durations = (6_000_000, 3_000_000)  # nanoseconds: of the first, of the second

    def clock():
        call, end = divmod(next(ticks), 2)
        series, place = divmod(call, WARM_UP + SERIES)
        slow = 10 if place < WARM_UP else 1  # caches are cold
        return call * 10**9 + end * slow * durations[series % 2]

    features = np.zeros((3, 32, 5), np.float32)
    files = (tiny_models("dense", "tflite", "float32"), tiny_models("dense", "onnx", "float32"))
    found = measure_pair(*files, features, 2 * SERIES, clock)
    assert found["first_ms"] == [6.0] * 2 * SERIES
    assert found["second_ms"] == [3.0] * 2 * SERIES
    assert (found["ratio"], found["low"], found["high"]) == (2.0, 2.0, 2.0)
    assert next(ticks) == 8 * (WARM_UP + SERIES)
