"""What a track is made of: choices from its genre's style, some of them borrowed from a neighbouring genre."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from .styles import KITS, STYLES, TIMBRES, Mix, Part, Style
from .synthesis import Drum, Timbre, vary

# How tracks of a genre differ. Chosen so that models of MFCC learn the genres well from a few tracks, but never wholly.
BORROWING = 0.015  # how likely a layer is its neighbour's ...
CROSSOVER_BORROWING = 0.9  # ... and how likely in a crossover, a track that is its neighbour in nearly everything
SOUND_VARIATION = 0.05  # of instruments of one name, as N(0, .) of the logarithm of each property
LEVEL_VARIATION_DB = 1.0
TILT_VARIATION = 0.6  # dB an octave

_QUALITIES = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "m7": (0, 3, 7, 10),
    "maj7": (0, 4, 7, 11),
    "5": (0, 7, 12),
}
_PITCH_CLASSES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}

Choice = TypeVar("Choice")


@dataclasses.dataclass(frozen=True)
class Chord:
    """A root as pitch class, 0 for C, and the semitones above it."""

    root: int
    intervals: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Voice:
    """A part with its instrument chosen; the first pattern is the one played most."""

    timbre: Timbre
    patterns: tuple[str, ...]
    register: int


@dataclasses.dataclass(frozen=True)
class Plan:
    """All that is fixed for the length of a track. `transposition` in semitones is key and tuning at once."""

    beat_s: float
    swing: float
    swing_unit: float
    transposition: float
    scale: list[int]
    chords: tuple[Chord, ...]
    kit: dict[str, Drum]
    groove: dict[str, str]
    bass: Voice
    harmony: tuple[Voice, ...]
    lead: Voice
    mix: Mix


def plan_track(genre: str, crossover: bool, rng: np.random.Generator) -> Plan:
    """Choose a track of `genre`, or one that has little of it but the name when it is a `crossover`."""
    style = STYLES[genre]
    neighbour = STYLES[choose(style.kin, rng)]
    borrowed = CROSSOVER_BORROWING if crossover else BORROWING

    def source() -> Style:
        return neighbour if rng.random() < borrowed else style

    rhythm = source()
    return Plan(
        beat_s=60 / rng.uniform(*style.tempo),
        swing=rng.uniform(*style.swing),
        swing_unit=style.swing_unit,
        transposition=rng.uniform(-5, 6),
        scale=style.scale,
        chords=parse_chords(choose(style.progressions, rng)),
        kit=_vary_kit(choose(rhythm.kits, rng), rng) if rhythm.kits else {},
        groove=choose(rhythm.grooves, rng) if rhythm.grooves else {},
        bass=_voice(choose(source().bass, rng), rng),
        harmony=tuple(_voice(part, rng) for part in source().chords),
        lead=_voice(choose(source().lead, rng), rng),
        mix=_vary_mix(source().mix, rng),
    )


def choose(options: Sequence[Choice], rng: np.random.Generator) -> Choice:
    """One of `options`, each as likely."""
    return options[int(rng.integers(len(options)))]


def parse_chords(progression: str) -> tuple[Chord, ...]:
    """Chords by name, such as `C F#m7 G7`."""
    return tuple(
        Chord((_PITCH_CLASSES[letter] + len(sharp)) % 12, _QUALITIES[quality])
        for letter, sharp, quality in re.findall(r"([A-G])(#?)(\S*)", progression)
    )


def shuffled(options: Sequence[Choice], rng: np.random.Generator) -> tuple[Choice, ...]:
    """`options` in random order."""
    return tuple(options[position] for position in rng.permutation(len(options)))


def _voice(part: Part, rng: np.random.Generator) -> Voice:
    timbre = vary(TIMBRES[choose(part.instruments, rng)], rng, SOUND_VARIATION)
    return Voice(timbre, shuffled(part.patterns, rng), part.register)


def _vary_kit(name: str, rng: np.random.Generator) -> dict[str, Drum]:
    return {stroke: vary(drum, rng, SOUND_VARIATION) for stroke, drum in KITS[name].items()}


def _vary_mix(mix: Mix, rng: np.random.Generator) -> Mix:
    """Levels and tilt move in dB, everything else in proportion."""
    levels = ("drums", "bass", "chords", "lead", "noise")
    moved = {name: getattr(mix, name) + rng.normal(0, LEVEL_VARIATION_DB) for name in levels}
    moved["tilt"] = mix.tilt + rng.normal(0, TILT_VARIATION)
    return dataclasses.replace(vary(mix, rng, SOUND_VARIATION), **moved)
