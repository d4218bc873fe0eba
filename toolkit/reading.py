"""JSON files from outside as typed values, checked key by key."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from ..runtime.errors import ModelFileError

Value = TypeVar("Value")


def read_json(path: Path, kind: type[Value], advice: str) -> Value:
    """The content of `path` as a `kind`; raises ModelFileError with the key that is wrong and `advice`."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError) as error:
        raise ModelFileError(f"{path}: expected {kind.__name__}, found a damaged one; {advice} ({error})") from error
