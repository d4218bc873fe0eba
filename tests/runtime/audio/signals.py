"""Audio to test with, as samples, files and pipes."""

import io

import numpy as np
import soundfile


def chords(seconds, rate, channels=1, seed=0):
    """Other tones and levels in each channel and each tenth of a second: float32 (n,) or (n, channels)."""
    generator = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    pitches, phases = generator.uniform(100, 2500, channels), generator.uniform(0, 6, channels)
    levels = np.repeat(generator.uniform(0.05, 0.8, (int(seconds * 10) + 1, channels)), rate // 10, axis=0)
    samples = levels[: len(time)] * np.sin(2 * np.pi * np.outer(time, pitches) + phases)
    return (samples[:, 0] if channels == 1 else samples).astype(np.float32)


def write(path, samples, rate, **options):
    soundfile.write(path, samples, rate, **options)
    return path


class Pipe(io.RawIOBase):
    """A pipe whose reads are short, wherever they happen to end."""

    def __init__(self, data, sizes):
        self._data, self._sizes, self._turn = data, sizes, 0

    def readable(self):
        return True

    def readinto(self, buffer):
        size = min(len(buffer), self._sizes[self._turn % len(self._sizes)])
        self._turn += 1
        part, self._data = self._data[:size], self._data[size:]
        buffer[: len(part)] = part
        return len(part)


def as_pcm(samples, sample_format):
    """float32 samples as interleaved bytes."""
    if sample_format == "f32le":
        return samples.astype("<f4").tobytes()
    bits = int(sample_format[1:3])
    return np.rint(samples.astype(np.float64) * (2 ** (bits - 1) - 1)).astype(f"<i{bits // 8}").tobytes()
