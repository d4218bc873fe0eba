"""Dataclasses as what JSON takes: the one way out; each class has its own way back, or `results.reader` has it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

# Of a row, and of a bench: keys that stand there only where there is something to say.
LEFT_OUT_WHEN_NONE = ("error", "reference_error", "cold_start_error", "cold_start_of", "device")


def as_json(value: Any) -> Any:
    """`value` with dataclasses as dicts, tuples as lists and paths as texts, however deep they stand."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {name: as_json(one) for name, one in pairs if one is not None or name not in LEFT_OUT_WHEN_NONE}
    if isinstance(value, dict):
        return {name: as_json(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(one) for one in value]
    return str(value) if isinstance(value, Path) else value
