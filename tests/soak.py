"""Streams simulated hours of audio through models: memory, times and decisions at the end are as at the beginning.

    python tests/soak.py out/models/cnn-int8.tflite out/c/cnn-int8-c --hours 24

The audio is one piece over and over, which lasts a whole number of strides, so that the same windows come again. The
environment variable GENREKIT_FRONT_END, numpy or native, chooses what computes the MFCC of model files; a folder of C
is compiled, and its program streams.
Exits with 1 where resident memory at the end is more than a MiB above that after the first minutes, where the time of a
decision is not that of the sample at which its window ends, or where a window is decided on otherwise than before.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import json
import math
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from genrekit.converters.verify.c_folder import Build, compiler
from genrekit.runtime import ModelDescription, StreamClassifier, front_end, load, read_description
from genrekit.runtime.audio import AudioSource

MOST_GROWTH = 2**20  # bytes
MINUTE_S, HOUR_S = 60, 3600
SOURCE_RATE = 16_000  # Hz; not the models', so that the resampler runs too
MOST_DIFFERENCE = 1e-4  # of scores: the resampler's state is the same but for rounding
MOST_DIFFERENCE_INT8 = 0.05  # where rounding can take a feature to the next step
MOST_DRIFT_S = 1e-6
MOST_DRIFT_OF_TEXT_S = 6e-4  # where times have three decimals
STRIDE_S = 0.5

Decisions = Iterator[tuple[float, np.ndarray]]  # time, s, and scores [shape=(labels,)]


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


def resident_bytes(process: int | str = "self") -> int:
    """Resident memory of a process, from Linux' /proc."""
    gc.collect()
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize()


@dataclasses.dataclass
class Soaked:
    """What becomes of a stream.

    Attributes:
        grown: bytes by which the process grew since the piece had come twice.
        decisions: how many were made.
        drift: the largest distance of a decision's time from that of the sample at which its window ends, in s.
        difference: the largest of scores from those of the same window the first time.
        others: how many labels are not those of the same window the first time.
    """

    grown: int = 0
    decisions: int = 0
    drift: float = 0.0
    difference: float = 0.0
    others: int = 0


def soak(path: Path, hours: float) -> bool:
    """Stream so many hours, and at least three times the piece of audio; whether nothing changed with time."""
    description = read_description(path)
    config = description.front_end
    stride = config.stride_frames(STRIDE_S) * config.hop_length
    piece = Piece.of(stride, config.sample_rate)
    rounds = max(3, round(hours * HOUR_S / (piece.strides * stride / config.sample_rate)))
    most_difference = MOST_DIFFERENCE_INT8 if description.precision == "int8" else MOST_DIFFERENCE
    if path.is_dir():
        with tempfile.TemporaryDirectory() as scratch:
            found = soak_program(path, Path(scratch), piece, rounds, description, stride)
        how, most_drift = "its own program", MOST_DRIFT_OF_TEXT_S
    else:
        found = compared(decisions_of_python(path, piece, rounds), "self", piece, description, stride)
        how, most_drift = f"front end {front_end()}", MOST_DRIFT_S
    print(
        f"{path.name}, {how}: {hours:g} h, {found.decisions} decisions, grew by {found.grown / 1024:.0f} KiB; at most "
        f"{found.drift:.1g} s off; of the same windows, {found.others} other labels, scores other by "
        f"{found.difference:.1g}",
        flush=True,
    )
    same = found.difference <= most_difference and not found.others
    return same and found.grown <= MOST_GROWTH and found.drift < most_drift


def decisions_of_python(path: Path, piece: Piece, rounds: int) -> Decisions:
    """What the runtime decides."""
    model = load(path)
    stream = StreamClassifier(model, STRIDE_S)
    blocks = (block for _ in range(rounds) for block in piece.blocks)
    for block in AudioSource(blocks, SOURCE_RATE, model.config.sample_rate):
        for prediction in stream.push(block):
            yield prediction.time_s, np.array(list(prediction.scores.values()))


def soak_program(
    path: Path, scratch: Path, piece: Piece, rounds: int, description: ModelDescription, stride: int
) -> Soaked:
    """What becomes of the stream of a folder of C, compiled in `scratch`."""
    copy = shutil.copytree(path, scratch / path.name)
    program = Build(copy, compiler() or sys.exit("soak.py: no C compiler and make; run: apt install gcc make"))
    audio = AudioSource(iter(piece.blocks), SOURCE_RATE, description.front_end.sample_rate)
    samples = np.resize(np.concatenate(list(audio)), piece.strides * stride)
    pcm = np.rint(samples * 32767).astype("<i2").tobytes()
    with subprocess.Popen([program.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:

        def feed() -> None:
            for _ in range(rounds):
                process.stdin.write(pcm)
            process.stdin.close()

        threading.Thread(target=feed).start()
        decided = map(json.loads, process.stdout)
        decisions = ((one["time_s"], np.array(list(one["scores"].values()))) for one in decided)
        return compared(decisions, process.pid, piece, description, stride)


def compared(
    decisions: Decisions, process: int | str, piece: Piece, description: ModelDescription, stride: int
) -> Soaked:
    """What becomes of a stream of `process`, whose decisions these are."""
    config = description.front_end
    # Of the second time: what the first windows see depends on what came before.
    known = np.zeros((piece.strides, len(description.labels)))
    found, before = Soaked(), 0
    for time_s, scores in decisions:
        due = (config.window_samples + found.decisions * stride) / config.sample_rate
        found.drift = max(found.drift, abs(time_s - due))
        again, index = divmod(found.decisions, piece.strides)
        if again == 1:
            known[index] = scores
        elif again > 1:
            before = before or resident_bytes(process)
            found.difference = max(found.difference, float(np.abs(scores - known[index]).max()))
            found.others += int(scores.argmax() != known[index].argmax())
            if index == 0:  # now and then: the process may be gone at the end
                found.grown = resident_bytes(process) - before
        found.decisions += 1
    return found


def main() -> int:
    """Try each model; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL")
    parser.add_argument("--hours", type=float, default=1.0)
    arguments = parser.parse_args()
    return 0 if all([soak(path, arguments.hours) for path in arguments.models]) else 1


if __name__ == "__main__":
    sys.exit(main())
