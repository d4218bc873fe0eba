"""A clip from samples to label, in Python and by the program of a folder of C, on one thread.

As a program: one job as JSON on standard input, what `measure_clips` returns as JSON on standard output.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from genrekit.bench.measure.c_program import clip_times, int16
from genrekit.runtime import load
from genrekit.runtime.front_end import CHOICE

from .paired_timing import SERIES, WARM_UP, measure_series, series_of

Series = Callable[[], list[float]]


def measure_clips(files: list[str], programs: Mapping[str, str], quantised: str, calls: int) -> dict[str, Any]:
    """Times of this process, which should have one thread: every library must find that before it is imported.

    Args:
        files: of one model in float32, the first for LiteRT.
        programs: of the same model's folder of C, by what they were compiled with, which the result repeats.
        quantised: that of the int8 folder, compiled as the first of them.
        calls: timed calls of each.

    Returns:
        {"numpy": the first file with numpy's front end / C, "best": the file that is fastest with the native front
        end / C, each by the programs' names; "int8": `quantised` / C in float32}, as `measure_calls`.
    """
    config = load(files[0]).config
    noise = np.random.default_rng(0).normal(0, 0.1, config.window_samples).astype(np.float32)
    in_c = {name: _of_program(path, noise) for name, path in programs.items()}
    in_python = [_of_file(path, noise, "native") for path in files]
    best = min(in_python, key=lambda series: statistics.median(series()))
    numpys = _of_file(files[0], noise, "numpy")
    return {
        "numpy": {name: measure_series(numpys, series, calls) for name, series in in_c.items()},
        "best": {name: measure_series(best, series, calls) for name, series in in_c.items()},
        "int8": measure_series(_of_program(quantised, noise), next(iter(in_c.values())), calls),
    }


def _of_program(program: str, noise: np.ndarray) -> Series:
    window = [int16(noise)]
    return lambda: clip_times(Path(program), window, WARM_UP + SERIES)[WARM_UP:]


def _of_file(path: str, noise: np.ndarray, form: str) -> Series:
    model = load(path)

    def series() -> list[float]:
        os.environ[CHOICE] = form
        return series_of(lambda: model.classify(noise))

    return series


if __name__ == "__main__":
    print(json.dumps(measure_clips(**json.load(sys.stdin))))
