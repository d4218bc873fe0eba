"""Streams simulated hours of audio through model files, and tells whether the process grows.

    python tests/soak.py out/models/cnn-int8.tflite --hours 24

Exits with 1 where resident memory after the last minute is more than a MiB above that after the first.
"""

from __future__ import annotations

import argparse
import gc
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from genrekit.runtime import StreamClassifier, load
from genrekit.runtime.audio import AudioSource

MOST_GROWTH = 2**20  # bytes
MINUTE_S = 60
SOURCE_RATE = 16_000  # Hz; not the models', so that the resampler runs too


def minutes(count: int) -> Iterator[np.ndarray]:
    """Blocks of a second of noise, the same minute over and over: float32 [shape=(SOURCE_RATE, 2)]."""
    minute = np.random.default_rng(1).uniform(-0.5, 0.5, (MINUTE_S, SOURCE_RATE, 2)).astype(np.float32)
    for _ in range(count):
        yield from minute


def resident_bytes() -> int:
    """Resident memory of this process, from Linux' /proc."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def growth(path: Path, hours: float) -> tuple[int, int]:
    """How many bytes the process grew between the end of the first minute and that of the last; decisions made."""
    model = load(path)
    stream = StreamClassifier(model)
    total, decisions, first = round(hours * 60), 0, 0
    source = AudioSource(minutes(total), SOURCE_RATE, model.config.sample_rate)
    for second, block in enumerate(source, start=1):
        decisions += len(stream.push(block))
        if second == MINUTE_S:
            first = resident_bytes()
    return resident_bytes() - first, decisions


def main() -> int:
    """Try each model; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL")
    parser.add_argument("--hours", type=float, default=1.0)
    arguments = parser.parse_args()
    grown = 0
    for path in arguments.models:
        grew, decisions = growth(path, arguments.hours)
        grown += grew > MOST_GROWTH
        print(f"{path.name}: {arguments.hours:g} h, {decisions} decisions, grew by {grew / 1024:.0f} KiB", flush=True)
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
