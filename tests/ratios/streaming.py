"""What streaming costs on one thread: front end, stream, clip and cold start, each with what it is compared with.

As a program: one job as JSON on standard input, what `measure_streaming` returns as JSON on standard output.
"""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genrekit.bench.measure.predictions import classify_call, front_end
from genrekit.bench.measure.processes import run_process
from genrekit.bench.measure.timing import timed
from genrekit.bench.results.stats import median_ratio
from genrekit.runtime import MfccConfig, StreamClassifier, load, mfcc

from .paired_timing import measure_calls

COMMAND = "genrekit.toolkit.cli.app"
STRIDE_S = 0.5
BASELINE_CALLS = 40  # of Keras predict, which takes a hundred times as long as what it is compared with


def measure_streaming(stream_model: str, clip_model: str, keras_model: str, calls: int) -> dict[str, Any]:
    """Times of this process, which should have one thread: every library must find that before it is imported.

    Noise serves as audio, because no step takes longer for other samples.

    Args:
        stream_model: file that a stream goes through.
        clip_model, keras_model: files of one model, which take one clip from samples to label: ours with our front
            end, Keras' with librosa's.
        calls: timed calls of each.

    Returns:
        {"mfcc": librosa's / ours, "chunks": chunks of a hop / of a second, both for a second of audio, "clip":
        librosa and Keras / ours}, each as `measure_calls`.
    """
    config = MfccConfig()
    noise = np.random.default_rng(0).normal(0, 0.1, config.window_samples).astype(np.float32)
    librosa_mfcc = front_end("librosa")
    ours, baseline = load(clip_model), classify_call(load(keras_model), "librosa")
    return {
        "mfcc": measure_calls(lambda: librosa_mfcc(noise, config), lambda: mfcc(noise, config), calls),
        "chunks": _measure_chunks(stream_model, noise, calls),
        "clip": measure_calls(lambda: baseline(noise), lambda: ours.classify(noise), BASELINE_CALLS),
    }


def _measure_chunks(model: str, noise: np.ndarray, calls: int) -> dict[str, Any]:
    by_hops, at_once = (StreamClassifier(load(model), STRIDE_S) for _ in range(2))
    config = by_hops.model.config
    second = noise[: config.sample_rate]
    hops = [second[start : start + config.hop_length] for start in range(0, len(second), config.hop_length)]

    def push_hops() -> None:
        for hop in hops:
            by_hops.push(hop)

    for stream in (by_hops, at_once):
        stream.push(noise)
    return measure_calls(push_hops, lambda: at_once.push(second), calls)


def measure_cold_start(model: Path, audio: Path, starts: int) -> dict[str, Any]:
    """Whole processes: importing TensorFlow, and ``genrekit classify model audio``, in turns.

    Returns:
        {"ratio", "low", "high", "first_ms", "second_ms"} as `measure_calls`, and "peak_rss_bytes" of the second.
    """
    command = ["classify", str(model), str(audio)]
    importing = functools.partial(run_process, "timeit", ["-n", "1", "-r", "1", "import tensorflow"])
    measured = measure_starts(importing, functools.partial(run_process, COMMAND, command), starts)
    return {**measured, "peak_rss_bytes": peak_of_command(command)}


def measure_starts(first: Callable[[], Any], second: Callable[[], Any], starts: int) -> dict[str, Any]:
    """As `measure_calls`, of two that run whole processes, in turns."""
    times: tuple[list[float], list[float]] = [], []
    for _ in range(starts + 1):  # the first of each warms the system's file cache
        for call, own in zip((first, second), times, strict=True):
            own.append(timed(time.perf_counter_ns, call)[1])
    first_ms, second_ms = (own[1:] for own in times)
    ratio, low, high = median_ratio(first_ms, second_ms)
    return {"ratio": ratio, "low": low, "high": high, "first_ms": first_ms, "second_ms": second_ms}


def peak_of_command(command: Sequence[str]) -> int:
    """The most memory that a genrekit of this `command` has resident, in bytes."""
    output = run_process("tests.ratios.peak_memory_program", [COMMAND, *command])
    peak: int = json.loads(output.splitlines()[-1])["peak_rss_bytes"]
    return peak


if __name__ == "__main__":
    print(json.dumps(measure_streaming(**json.load(sys.stdin))))
