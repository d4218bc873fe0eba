"""The ten styles as data: feel, harmony, drums, parts and sound of each genre, from styles.toml."""

from __future__ import annotations

import dataclasses
from importlib import resources
from typing import Any

import tomllib


@dataclasses.dataclass(frozen=True)
class Part:
    """One voice: the instruments and patterns it chooses from, and the MIDI number that it plays around."""

    instruments: tuple[str, ...]
    patterns: tuple[str, ...]
    register: int


@dataclasses.dataclass(frozen=True)
class Mix:
    """The sound of the recording.

    Attributes:
        drums, bass, chords, lead: levels in dB.
        tilt: dB an octave around 1 kHz; positive is brighter.
        low_cut_hz, high_cut_hz: edges of the recorded band.
        presence_hz, presence: centre and height in dB of a bell two octaves wide.
        reverb, reverb_s: fraction and time constant of the room.
        echo: level of the repeats, one every three quarters of a beat.
        noise: level of the hiss in dB beside the music.
        crackle: clicks a second, as of a worn record.
    """

    drums: float
    bass: float
    chords: float
    lead: float
    tilt: float
    low_cut_hz: float
    high_cut_hz: float
    presence_hz: float
    presence: float
    reverb: float
    reverb_s: float
    echo: float
    noise: float
    crackle: float


@dataclasses.dataclass(frozen=True)
class Style:
    """A genre.

    Attributes:
        kin: neighbouring genres, from which a track may borrow.
        tempo: range in beats a minute.
        swing: range of the delay of off-beats, as a fraction of the swung unit; 1/6 makes triplets.
        swing_unit: beats in which the off-beat is delayed: 1 swings eighths, 0.5 sixteenths.
        scale: semitones of the melody above the key.
        progressions: chords, one a bar, as in the key of C.
        kits: names in KITS.
        grooves: drum patterns by stroke; none where the genre has no drums.
        bass, chords, lead: the parts to choose from.
        mix: the middle of the genre's sound.
    """

    kin: tuple[str, ...]
    tempo: tuple[float, float]
    swing: tuple[float, float]
    swing_unit: float
    scale: tuple[int, ...]
    progressions: tuple[str, ...]
    kits: tuple[str, ...]
    grooves: tuple[dict[str, str], ...]
    bass: tuple[Part, ...]
    chords: tuple[Part, ...]
    lead: tuple[Part, ...]
    mix: Mix


SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "major pentatonic": (0, 2, 4, 7, 9),
    "minor pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
}


def _read() -> dict[str, Style]:
    text = (resources.files(__package__) / "styles.toml").read_text("utf-8")
    return {genre: _style(table) for genre, table in tomllib.loads(text).items()}


def _style(table: dict[str, Any]) -> Style:
    parts = {name: tuple(Part(**_tuples(part)) for part in table[name]) for name in ("bass", "chords", "lead")}
    return Style(**{**_tuples(table), **parts, "scale": SCALES[table["scale"]], "mix": Mix(**table["mix"])})


def _tuples(table: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}


STYLES = _read()
