"""Streams simulated hours of audio through model files: memory, times and decisions at the end are as at the beginning.

    python tests/soak.py out/models/cnn-int8.tflite --hours 24

The audio is one piece over and over, which lasts a whole number of strides, so that the same windows come again. The
environment variable GENREKIT_FRONT_END, numpy or native, chooses what computes the MFCC.
Exits with 1 where resident memory at the end is more than a MiB above that after the first minutes, where the time of a
decision is not that of the sample at which its window ends, or where a window is decided on otherwise than before.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import math
import resource
import sys
from pathlib import Path

import numpy as np

from genrekit.runtime import StreamClassifier, front_end, load
from genrekit.runtime.audio import AudioSource

MOST_GROWTH = 2**20  # bytes
MINUTE_S, HOUR_S = 60, 3600
SOURCE_RATE = 16_000  # Hz; not the models', so that the resampler runs too
MOST_DIFFERENCE = 1e-4  # of scores: the resampler's state is the same but for rounding
MOST_DIFFERENCE_INT8 = 0.05  # where rounding can take a feature to the next step
MOST_DRIFT_S = 1e-6


@dataclasses.dataclass(frozen=True)
class Piece:
    """Audio that lasts a whole number of strides of a model, at its rate and at `SOURCE_RATE`.

    Attributes:
        blocks: of a second or less: float32 [shape=(n, 2)].
        strides: how many decisions are made in its time.
    """

    blocks: list[np.ndarray]
    strides: int

    @classmethod
    def of(cls, stride_samples: int, rate: int) -> Piece:
        """At least a minute of noise, louder and softer."""
        # So many strides that they are a whole number of samples of the source, too.
        whole = rate // math.gcd(stride_samples * SOURCE_RATE, rate)
        strides = whole * math.ceil(MINUTE_S * rate / (whole * stride_samples))
        samples = strides * stride_samples * SOURCE_RATE // rate
        generator = np.random.default_rng(1)
        levels = np.repeat(generator.uniform(0.01, 0.9, 1 + samples // SOURCE_RATE), SOURCE_RATE)[:samples, np.newaxis]
        noise = (levels * generator.uniform(-1, 1, (samples, 2))).astype(np.float32)
        return cls(np.split(noise, range(SOURCE_RATE, samples, SOURCE_RATE)), strides)


def resident_bytes() -> int:
    """Resident memory of this process, from Linux' /proc."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@dataclasses.dataclass
class Soaked:
    """What becomes of a stream.

    Attributes:
        grown: bytes by which the process grew since the piece had come twice.
        decisions: how many were made.
        drift: the largest distance of a decision's time from that of the sample at which its window ends, in s.
        difference: the largest of scores from those of the same window the first time.
        most_difference: that may be.
        others: how many labels are not those of the same window the first time.
    """

    grown: int = 0
    decisions: int = 0
    drift: float = 0.0
    difference: float = 0.0
    most_difference: float = MOST_DIFFERENCE
    others: int = 0

    def is_sound(self) -> bool:
        """Whether nothing changed with time."""
        same = self.difference <= self.most_difference and not self.others
        return same and self.grown <= MOST_GROWTH and self.drift < MOST_DRIFT_S


def soak(path: Path, hours: float) -> Soaked:
    """Stream so many hours, and at least three times the piece of audio."""
    model = load(path)
    stream = StreamClassifier(model)
    rate, stride = model.config.sample_rate, round(stream.stride_s * model.config.sample_rate)
    piece = Piece.of(stride, rate)
    rounds = max(3, round(hours * HOUR_S / (piece.strides * stream.stride_s)))
    # Of the second time: what the first windows see depends on what came before.
    known = np.zeros((piece.strides, len(model.labels)))
    found, before = Soaked(), 0
    if model.description.precision == "int8":
        found.most_difference = MOST_DIFFERENCE_INT8
    for block in AudioSource((block for _ in range(rounds) for block in piece.blocks), SOURCE_RATE, rate):
        for prediction in stream.push(block):
            due = (model.config.window_samples + found.decisions * stride) / rate
            found.drift = max(found.drift, abs(prediction.time_s - due))
            scores = np.array([prediction.scores[label] for label in model.labels])
            again, index = divmod(found.decisions, piece.strides)
            if again == 1:
                known[index] = scores
            elif again > 1:
                before = before or resident_bytes()
                found.difference = max(found.difference, float(np.abs(scores - known[index]).max()))
                found.others += int(scores.argmax() != known[index].argmax())
            found.decisions += 1
    found.grown = resident_bytes() - before
    return found


def main() -> int:
    """Try each model; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL")
    parser.add_argument("--hours", type=float, default=1.0)
    arguments = parser.parse_args()
    sound = True
    for path in arguments.models:
        found = soak(path, arguments.hours)
        sound = sound and found.is_sound()
        print(
            f"{path.name}, front end {front_end()}: {arguments.hours:g} h, {found.decisions} decisions, grew by "
            f"{found.grown / 1024:.0f} KiB; at most {found.drift:.1g} s off; of the same windows, {found.others} other "
            f"labels, scores other by {found.difference:.1g}",
            flush=True,
        )
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
