"""A clip through a file that takes audio and one that takes features; the front end as two graphs. On one thread.

As a program: one job as JSON on standard input, what `measure_audio` returns as JSON on standard output.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import numpy as np

from genrekit.runtime import load
from genrekit.runtime.engines import load_part
from genrekit.runtime.front_end import CHOICE

from .paired_timing import measure_calls


def measure_audio(
    plain: str, audio: str, two_stages: str, one_matrix: str, engine: str, calls: int
) -> dict[str, dict[str, Any]]:
    """Times of this process, as `measure_calls`: {"clip": audio / plain with numpy, "front_end": two stages / one}.

    Raises ValueError where the two front ends are not the same.
    """
    os.environ[CHOICE] = "numpy"
    whole, features = load(audio, engine=engine), load(plain, engine=engine)
    noise = np.random.default_rng(0).normal(0, 0.1, features.config.window_samples).astype(np.float32)
    stages, matrix = load_part(two_stages, engine), load_part(one_matrix, engine)
    window = noise[np.newaxis]
    normalization, found = features.description.normalization, matrix(window)
    difference = np.abs(stages(window) - (normalization.apply(found) if normalization else found)).max()
    if not difference < 0.01:
        raise ValueError(f"difference={difference}: expected the same MFCC of both graphs")
    return {
        "clip": measure_calls(lambda: whole.classify(noise), lambda: features.classify(noise), calls),
        "front_end": measure_calls(lambda: stages(window), lambda: matrix(window), calls),
    }


if __name__ == "__main__":
    print(json.dumps(measure_audio(**json.load(sys.stdin))))
