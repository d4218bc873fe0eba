"""Single sounds: pitched notes from wavetables, drum strokes from swept sines and noise; and their variation."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SAMPLE_RATE = 22050
CYCLE = 2048  # points of a wavetable: nearest-point lookup then errs by less than -60 dB
HARMONICS = 48
RELEASE_S = 0.03
VIBRATO_HZ = 5.5

Sound = TypeVar("Sound", bound="DataclassInstance")


@dataclasses.dataclass(frozen=True)
class Timbre:
    """The sound of an instrument's notes; instruments.toml says what the fields mean."""

    rolloff: float
    damping: float = 0.8
    even: float = 1.0
    formant_hz: float = 0.0
    attack_s: float = 0.005
    decay_s: float = 0.6
    sustain: float = 0.0
    detune: float = 0.0
    vibrato: float = 0.0
    drive: float = 0.0
    breath: float = 0.0
    strum_s: float = 0.0


@dataclasses.dataclass(frozen=True)
class Drum:
    """A stroke: a sine that falls from pitch_hz + sweep_hz to pitch_hz, and a band of noise."""

    pitch_hz: float
    sweep_hz: float
    tone_s: float
    low_hz: float
    high_hz: float
    noise_s: float
    noise: float
    level: float = 1.0


def vary(sound: Sound, rng: np.random.Generator, amount: float) -> Sound:
    """A relative of `sound`: each of its fields times exp(N(0, amount)); zeros stay zero."""
    factors = np.exp(rng.normal(0, amount, len(dataclasses.fields(sound))))
    fields = dataclasses.asdict(sound)
    return type(sound)(*(value * factor for value, factor in zip(fields.values(), factors, strict=True)))


def midi_to_hz(pitch: float) -> float:
    """The equal-tempered frequency of a MIDI note number; 69 is 440 Hz."""
    return 440.0 * 2 ** ((pitch - 69) / 12)


def render_chord(timbre: Timbre, pitches: tuple[float, ...], samples: int, rng: np.random.Generator) -> np.ndarray:
    """The notes of MIDI numbers `pitches`, struck together, as float32 [samples] with a peak near 1."""
    chord = np.zeros(samples, np.float32)
    for order, pitch in enumerate(pitches):
        start = min(int(order * timbre.strum_s * SAMPLE_RATE), samples - 1)
        chord[start:] += _note(timbre, midi_to_hz(pitch), samples - start)
    if timbre.breath:
        chord += timbre.breath * _envelope(timbre, samples) * rng.standard_normal(samples, np.float32)
    if timbre.drive:
        # An overdriven amplifier and the dull loudspeaker behind it.
        chord = np.convolve(np.tanh(timbre.drive * chord), np.full(4, 0.2, np.float32))[:samples]
    faded: np.ndarray = chord * _fade(samples) / np.float32(np.sqrt(len(pitches)))
    return faded


def render_drum(drum: Drum, rng: np.random.Generator) -> np.ndarray:
    """One stroke, as float32 [samples], as long as it sounds."""
    length = max(drum.tone_s if drum.pitch_hz else 0.0, drum.noise_s)
    samples = int(min(6 * length, 1.5) * SAMPLE_RATE) + 64
    time = _time(samples)
    stroke = drum.noise * _noise_band(drum.low_hz, drum.high_hz, samples, rng) * np.exp(-time / drum.noise_s)
    if drum.pitch_hz:
        sweep_s = drum.tone_s / 5
        cycles = drum.pitch_hz * time + drum.sweep_hz * sweep_s * (1 - np.exp(-time / sweep_s))
        stroke += np.sin(2 * np.pi * cycles) * np.exp(-time / drum.tone_s)
    faded: np.ndarray = (drum.level * stroke * _fade(samples)).astype(np.float32)
    return faded


def _note(timbre: Timbre, frequency: float, samples: int) -> np.ndarray:
    cents = (-timbre.detune / 2, timbre.detune / 2) if timbre.detune else (0.0,)
    harmonics = max(1, min(HARMONICS, int(0.45 * SAMPLE_RATE / frequency)))
    bright = _cycle(timbre.rolloff, timbre.even, timbre.formant_hz / frequency, harmonics)
    dark = _cycle(timbre.rolloff + timbre.damping, timbre.even, timbre.formant_hz / frequency, harmonics)
    fading = np.exp(_time(samples) * (-2 / timbre.decay_s))
    note = np.zeros(samples, np.float32)
    for cent in cents:
        points = _phase(frequency * 2 ** (cent / 1200), timbre.vibrato, samples)
        steady = dark[points]
        note += steady + fading * (bright[points] - steady)
    shaped: np.ndarray = note * _envelope(timbre, samples) / len(cents)
    return shaped


def _cycle(rolloff: float, even: float, formant: float, harmonics: int) -> np.ndarray:
    """One period of RMS 0.5, float32 [CYCLE]; `formant` counts in multiples of the fundamental."""
    order = np.arange(1, harmonics + 1)
    amplitudes = order**-rolloff * np.where(order % 2, 1, even)
    if formant:
        amplitudes *= 0.3 + 2 * np.exp(-(((order - formant) / (0.4 * formant)) ** 2))
    spectrum = np.zeros(CYCLE // 2 + 1, np.complex64)
    spectrum[1 : harmonics + 1] = amplitudes * np.exp(0.5j * order**2)  # scattered phases keep the crest low
    cycle = np.fft.irfft(spectrum)
    level: float = np.sqrt(np.mean(cycle**2))
    return (cycle * 0.5 / level).astype(np.float32)


def _phase(frequency: float, vibrato: float, samples: int) -> np.ndarray:
    """Where in the wavetable each sample is found."""
    cycles = np.arange(samples) * (frequency / SAMPLE_RATE)
    if vibrato:
        depth = frequency * (2 ** (vibrato / 1200) - 1) / (2 * np.pi * VIBRATO_HZ)
        cycles += depth * np.sin(_time(samples) * (2 * np.pi * VIBRATO_HZ))
    return (cycles * CYCLE).astype(np.int64) & (CYCLE - 1)


def _time(samples: int) -> np.ndarray:
    return np.arange(samples, dtype=np.float32) / SAMPLE_RATE


def _envelope(timbre: Timbre, samples: int) -> np.ndarray:
    time = _time(samples)
    decay = timbre.sustain + (1 - timbre.sustain) * np.exp(-time / timbre.decay_s)
    return np.minimum(time / timbre.attack_s, 1) * decay


def _fade(samples: int) -> np.ndarray:
    """1, falling to 0 over the last moments, so that no sound ends in a click."""
    fade = np.ones(samples, np.float32)
    length = min(samples, int(RELEASE_S * SAMPLE_RATE))
    fade[samples - length :] = np.linspace(1, 0, length, dtype=np.float32)
    return fade


def _noise_band(low_hz: float, high_hz: float, samples: int, rng: np.random.Generator) -> np.ndarray:
    """Noise between two frequencies, with soft edges, of RMS 0.3. float32 [samples]."""
    spectrum = np.fft.rfft(rng.standard_normal(samples, np.float32))
    frequencies = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE)
    spectrum *= 1 / ((1 + (low_hz / (frequencies + 1)) ** 4) * (1 + (frequencies / high_hz) ** 4))
    noise = np.fft.irfft(spectrum, samples)
    scaled: np.ndarray = noise * 0.3 / np.sqrt(np.mean(noise**2))
    return scaled
