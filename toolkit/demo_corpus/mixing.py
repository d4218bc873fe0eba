"""From layers to a recording: levels, room, echo, equaliser, hiss, crackle, and a level that does not clip."""

from __future__ import annotations

import numpy as np

from .styles import Mix
from .synthesis import SAMPLE_RATE

PEAK_RANGE = (0.45, 0.95)
EQUALIZER_POINTS = 256
BELL_DB = 1.2  # height of the bells in which tracks of a genre differ, as N(0, .)


def mix_down(layers: dict[str, np.ndarray], mix: Mix, beat_s: float, rng: np.random.Generator) -> np.ndarray:
    """One recording of the layers (float32 [samples] each), as float32 [samples] within [-1, 1]."""
    samples = len(layers["drums"])
    dry = np.zeros(samples, np.float32)
    for name, layer in layers.items():
        dry += _gain(getattr(mix, name)) * _normalized(layer)
    # Room and equaliser are linear, so that one product of spectra does them together.
    response = _room(mix, beat_s, rng)
    # The shortest length that the FFT factors well: a power of two times one of these.
    odd_parts = np.array([1, 3, 5, 9, 15, 25, 27, 45, 75, 81])
    size = int((odd_parts * 2 ** np.ceil(np.log2((samples + len(response)) / odd_parts)).astype(int)).min())
    spectrum = np.fft.rfft(dry, size) * np.fft.rfft(response, size)
    spectrum *= _equalizer(mix, len(spectrum), rng)
    recording = np.fft.irfft(spectrum, size)[:samples]
    recording = _normalized(recording) + _gain(mix.noise) * rng.standard_normal(samples, np.float32)
    clicks = rng.normal(0, 1.0, rng.poisson(mix.crackle * samples / SAMPLE_RATE)).astype(np.float32)
    recording[rng.integers(samples, size=len(clicks))] += clicks
    recording = np.tanh(0.3 * recording)  # the peaks of a mix pressed together, as by a tape
    recording *= rng.uniform(*PEAK_RANGE) / np.abs(recording).max()
    mixed: np.ndarray = recording.astype(np.float32, copy=False)
    return mixed


def _gain(decibels: float) -> np.float32:
    return np.float32(10 ** (decibels / 20))


def _normalized(layer: np.ndarray) -> np.ndarray:
    """The layer at an RMS of 1; silence stays silence."""
    level = np.sqrt(np.mean(np.square(layer)))
    return layer / level if level else layer


def _room(mix: Mix, beat_s: float, rng: np.random.Generator) -> np.ndarray:
    """An impulse response: the direct sound, echoes of three quarters of a beat, and a fading tail of noise."""
    delay = int(0.75 * beat_s * SAMPLE_RATE)
    tail = int(4 * mix.reverb_s * SAMPLE_RATE)
    response = np.zeros(max(tail, 3 * delay) + 1, np.float32)
    time = np.arange(tail, dtype=np.float32) / SAMPLE_RATE
    diffuse = rng.standard_normal(tail, np.float32) * np.exp(-time / mix.reverb_s)
    response[:tail] = mix.reverb * diffuse / np.sqrt(np.sum(np.square(diffuse)))
    response[0] += 1
    response[delay : 3 * delay + 1 : delay] += np.array([mix.echo, mix.echo**2, mix.echo**3], np.float32)
    return response


def _equalizer(mix: Mix, bins: int, rng: np.random.Generator) -> np.ndarray:
    """Gain of each bin: tilt, the edges of the band, and two broad bells that differ from track to track."""
    frequencies = np.linspace(1, SAMPLE_RATE / 2, EQUALIZER_POINTS)
    octaves = np.log2(frequencies / 1000)
    decibels = mix.tilt * octaves + mix.presence * np.exp(-((octaves - np.log2(mix.presence_hz / 1000)) ** 2))
    for centre, height in zip(rng.uniform(-3, 3, 2), rng.normal(0, BELL_DB, 2), strict=True):
        decibels += height * np.exp(-((octaves - centre) ** 2))
    edges = 1 / ((1 + (mix.low_cut_hz / frequencies) ** 4) * (1 + (frequencies / mix.high_cut_hz) ** 6))
    curve = 10 ** (decibels / 20) * edges
    points = np.linspace(0, EQUALIZER_POINTS - 1, bins)
    gain: np.ndarray = np.interp(points, np.arange(EQUALIZER_POINTS), curve).astype(np.float32)
    return gain
