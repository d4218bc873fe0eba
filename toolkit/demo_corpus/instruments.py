"""The instruments by name, from instruments.toml: pitched ones as timbres, drum kits as strokes."""

from __future__ import annotations

from importlib import resources

import tomllib

from .synthesis import Drum, Timbre

_DATA = tomllib.loads((resources.files(__package__) / "instruments.toml").read_text("utf-8"))
_STROKES = {kit: {name: Drum(**fields) for name, fields in strokes.items()} for kit, strokes in _DATA["kits"].items()}

TIMBRES = {name: Timbre(**fields) for name, fields in _DATA["timbres"].items()}
KITS = {kit: _STROKES["acoustic"] | strokes for kit, strokes in _STROKES.items()}
