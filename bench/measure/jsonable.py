"""Dataclasses as what JSON takes, and back; at the desk `results.reader` also validates what it reads."""

from __future__ import annotations

import dataclasses
import types
import typing
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


def from_json(kind: Any, value: Any) -> Any:
    """The inverse of `as_json`: `value` as a `kind`, which is a dataclass or the type of a field of one."""
    if value is None or kind is Path:
        return value and Path(value)
    inner = [one for one in typing.get_args(kind) if one is not type(None)]
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return from_json(inner[0], value) if len(inner) == 1 else value
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        return kind(**{name: from_json(hints[name], one) for name, one in value.items()})
    if typing.get_origin(kind) is tuple:
        return tuple(from_json(inner[0], one) for one in value)
    if isinstance(value, dict):
        return {name: from_json(inner[1], one) for name, one in value.items()}
    return value
