"""The ten styles and their instruments as data, from styles.toml and instruments.toml, which say what fields mean."""

from __future__ import annotations

import dataclasses
from importlib import resources
from typing import Any

import tomllib

from .synthesis import Drum, Timbre


@dataclasses.dataclass(frozen=True)
class Part:
    """One voice: the instruments and patterns it chooses from, and the MIDI number that it plays around."""

    instruments: list[str]
    patterns: list[str]
    register: int


@dataclasses.dataclass(frozen=True)
class Mix:
    """The sound of the recording."""

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
    """A genre."""

    kin: list[str]
    tempo: tuple[float, float]
    swing: tuple[float, float]
    swing_unit: float
    scale: list[int]
    progressions: list[str]
    kits: list[str]
    grooves: list[dict[str, str]]
    bass: list[Part]
    chords: list[Part]
    lead: list[Part]
    mix: Mix


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((resources.files(__package__) / name).read_text("utf-8"))


def _style(table: dict[str, Any]) -> Style:
    parts = {name: [Part(**part) for part in table[name]] for name in ("bass", "chords", "lead")}
    return Style(**{**table, **parts, "mix": Mix(**table["mix"])})


_INSTRUMENTS = _read("instruments.toml")
_STROKES = {
    kit: {name: Drum(**stroke) for name, stroke in strokes.items()} for kit, strokes in _INSTRUMENTS["kits"].items()
}

STYLES = {genre: _style(table) for genre, table in _read("styles.toml").items()}
TIMBRES = {name: Timbre(**fields) for name, fields in _INSTRUMENTS["timbres"].items()}
KITS = {kit: _STROKES["acoustic"] | strokes for kit, strokes in _STROKES.items()}
