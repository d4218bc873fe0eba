"""The front end in C as a program of its own, `c/front_end.c`, held to the golden vectors; it needs no Python."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genrekit.runtime.c_tables import front_end_tables
from genrekit.runtime.mfcc import MfccConfig
from genrekit.runtime.native_build import FLAGS, SOURCES

from .fixtures.golden import vectors

PROGRAM = Path(__file__).with_name("c") / "front_end.c"
OF_A_LIBRARY = ("-shared", "-fPIC", "-DGENREKIT_SHARED")


@dataclass(frozen=True)
class Golden:
    """What the program is given, and what it must answer.

    Attributes:
        name: of the front end, the signal, and the stride in frames.
        stride: frames from one window to the next; 0 for a single window.
        samples: float32 [shape=(n,)]
        features: float32 [shape=(windows, frames, n_mfcc)]
    """

    name: str
    config: MfccConfig
    stride: int
    samples: np.ndarray
    features: np.ndarray


def golden() -> Iterator[Golden]:
    """Every signal's first window, and the stream of every signal, by every front end."""
    contents = vectors.contents()
    for name, config in vectors.front_ends().items():
        for signal, samples in vectors.signals(config.sample_rate).items():
            expected = vectors.features(name)[signal]
            yield Golden(f"{name}, {signal}", config, 0, samples[: config.window_samples], expected[:1])
            for one in contents["strides"][name]:
                stride = one["stride_samples"] // config.hop_length
                windows = expected[one["windows"]] if signal == "music" else expected
                yield Golden(f"{name}, {signal}, every {stride} frames", config, stride, samples, windows)


def compile_program(compiler: Sequence[str | Path], output: Path, options: Sequence[str] = ()) -> None:
    """Compile it with the flags of the library and `options`; raises CalledProcessError."""
    flags = [flag for flag in FLAGS if flag not in OF_A_LIBRARY]
    sources = [PROGRAM, *sorted(SOURCES.glob("*.c"))]
    subprocess.run([*compiler, *flags, *options, f"-I{SOURCES}", "-o", output, *sources, "-lm"], check=True)


def largest_error(command: Sequence[str | Path], one: Golden, instructions: int = 0) -> float:
    """Of the MFCC that `command`, the program, answers; `instructions` as in genrekit.h."""
    given = _encoded(one.config, one.stride, one.samples, instructions)
    done = subprocess.run(command, input=given, capture_output=True)
    assert done.returncode == 0, f"{one.name}: {done.stderr.decode(errors='replace')}"
    received = np.frombuffer(done.stdout, "<f4")
    assert received.size == one.features.size, f"{one.name}: {received.size} values, not {one.features.size}"
    return float(np.abs(received - one.features.ravel()).max())


def _encoded(config: MfccConfig, stride: int, samples: np.ndarray, instructions: int) -> bytes:
    tables = front_end_tables(config)
    in_double = tables.window.dtype == np.float64
    sizes = (config.n_fft, config.hop_length, config.n_mels, config.n_mfcc, config.window_samples, config.center,
             len(tables.radices), in_double, tables.twiddles.size, tables.unpack.size, tables.mel_weights.size,
             tables.dct.size, instructions, stride, samples.size)  # fmt: skip
    arrays = (tables.window, tables.twiddles, tables.unpack, tables.radices, tables.positions, tables.mel_first,
              tables.mel_counts, tables.mel_weights, tables.dct, samples)  # fmt: skip
    top_db = np.float32(config.top_db or 0)
    return b"".join([np.array(sizes, "<i4").tobytes(), top_db.tobytes(), *(array.tobytes() for array in arrays)])
