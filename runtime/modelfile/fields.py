"""JSON from outside -> dataclasses, each field checked for its type and bounds with the standard library alone."""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Callable
from typing import Any, TypeVar

from ..errors import ModelFileError

MAX_COUNT = 2**63 - 1
MAX_NUMBER = 1e300
MAX_TEXT = 4096  # characters; the path of a split may be that long
MAX_SENTENCES, MAX_SENTENCE = 100, 20_000

Record = TypeVar("Record")


def checked(key: str, value: Any, holds: Callable[[Any], bool], rule: str) -> Any:
    """`value`, where it `holds`; otherwise raises ModelFileError, which names its `key` and the `rule`."""
    if not holds(value):
        raise ModelFileError(f"{key}={reprlib.repr(value)}: expected {rule}; export the model again")
    return value


def is_text(value: object, length: int = MAX_TEXT) -> bool:
    """A text of at most `length` characters."""
    return isinstance(value, str) and len(value) <= length


def are_texts(value: object, most: int = MAX_SENTENCES, length: int = MAX_SENTENCE) -> bool:
    """A list of at most `most` texts of at most `length` characters."""
    return isinstance(value, list) and len(value) <= most and all(is_text(text, length) for text in value)


def is_number(value: object) -> bool:
    """A finite number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= MAX_NUMBER


TEXT = is_text, f"a text of at most {MAX_TEXT} characters"
# What the fields of records must hold, and that in words, by their annotation.
_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "str": TEXT,
    "str | None": TEXT,
    "int | None": (
        lambda value: type(value) is int and 0 <= value <= MAX_COUNT,
        f"a whole number from 0 to {MAX_COUNT}",
    ),
    "float | None": (lambda x: is_number(x) and 0 <= x <= 1, "a number from 0 to 1"),
    "bool": (lambda value: isinstance(value, bool), "true or false"),
    "tuple[str, ...]": (are_texts, f"at most {MAX_SENTENCES} texts of at most {MAX_SENTENCE} characters"),
}


def json_object(key: str, value: Any) -> dict[str, Any]:
    """`value`, which is to be a JSON object."""
    found: dict[str, Any] = checked(key, value, lambda value: isinstance(value, dict), "a JSON object")
    return found


def record(kind: type[Record], values: dict[str, Any], prefix: str = "", **given: Any) -> Record:
    """The JSON object `values` as the dataclass `kind`, with the fields `given` as they are.

    What is absent or null keeps its default; what `kind` does not have is left aside.

    Raises:
        ModelFileError: a field holds anything else than its annotation says; the message names it behind `prefix`.
    """
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]  # there is no type of all dataclasses
        value = values.get(field.name)
        if field.name not in given and value is not None:
            checked(prefix + field.name, value, *_RULES[str(field.type)])
            given[field.name] = tuple(value) if isinstance(value, list) else value
    return kind(**given)
