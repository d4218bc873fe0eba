"""The fields of a JSON object from outside, each checked for its type and bounds with the standard library alone."""

from __future__ import annotations

import reprlib
from collections.abc import Callable
from typing import Any, TypeVar

from ..errors import ModelFileError

MAX_COUNT = 2**63 - 1
MAX_NUMBER = 1e300
MAX_TEXT = 4096  # characters; the path of a split may be that long
MAX_SENTENCES, MAX_SENTENCE = 100, 20_000

Record = TypeVar("Record")


class Fields:
    """One JSON object, whose fields are taken out one by one.

    What is absent or null comes out as None, false or empty. Where a field holds anything else than its method expects,
    that raises ModelFileError, which names the field.
    """

    def __init__(self, values: Any, key: str = "") -> None:
        """`key`: where the object stands in the description; "" for the description itself."""
        if not isinstance(values, dict):
            raise unusable(key or "description", values, "a JSON object")
        self.values, self._prefix = values, f"{key}." if key else ""

    def _take(self, name: str, holds: Callable[[Any], bool], rule: str) -> Any:
        value = self.values.get(name)
        if value is not None and not holds(value):
            raise unusable(self._prefix + name, value, rule)
        return value

    def text(self, name: str) -> str | None:
        """A text of at most `MAX_TEXT` characters."""
        text: str | None = self._take(
            name, lambda value: _is_text(value, MAX_TEXT), f"a text of at most {MAX_TEXT} characters"
        )
        return text

    def required_text(self, name: str) -> str:
        """A text that must be there."""
        text = self.text(name)
        if text is None:
            raise unusable(self._prefix + name, None, "a text")
        return text

    def texts(self, name: str, most: int = MAX_SENTENCES, length: int = MAX_SENTENCE) -> tuple[str, ...]:
        """At most `most` texts of at most `length` characters."""

        def holds(value: Any) -> bool:
            return isinstance(value, list) and len(value) <= most and all(_is_text(text, length) for text in value)

        return tuple(self._take(name, holds, f"at most {most} texts of at most {length} characters") or ())

    def count(self, name: str) -> int | None:
        """A whole number that is not negative."""
        rule = f"a whole number from 0 to {MAX_COUNT}"
        count: int | None = self._take(name, lambda value: type(value) is int and 0 <= value <= MAX_COUNT, rule)
        return count

    def fraction(self, name: str) -> float | None:
        """A number from 0 to 1."""
        rule = "a number from 0 to 1"
        fraction: float | None = self._take(name, lambda value: _is_number(value) and 0 <= value <= 1, rule)
        return fraction

    def flag(self, name: str) -> bool:
        """True or false."""
        return bool(self._take(name, lambda value: isinstance(value, bool), "true or false"))

    def numbers(self, name: str, count: int) -> tuple[float, ...]:
        """Exactly `count` finite numbers, which must be there."""
        value = self.values.get(name)
        if not isinstance(value, list) or len(value) != count or not all(map(_is_number, value)):
            raise unusable(self._prefix + name, value, f"{count} finite numbers")
        return tuple(map(float, value))

    def record(self, name: str, kind: type[Record]) -> Record:
        """A JSON object as the dataclass `kind`; fields that it does not have are left aside."""
        value = self.values.get(name)
        fields = Fields({} if value is None else value, self._prefix + name)
        annotations: dict[str, str] = kind.__annotations__
        return kind(**{field: _READERS[annotation](fields, field) for field, annotation in annotations.items()})


# How fields of records are read, by their annotation.
_READERS: dict[str, Callable[[Fields, str], Any]] = {
    "str | None": Fields.text,
    "int | None": Fields.count,
    "float | None": Fields.fraction,
    "bool": Fields.flag,
    "tuple[str, ...]": Fields.texts,
}


def unusable(key: str, value: object, rule: str) -> ModelFileError:
    """The error of a field; long values are shortened."""
    return ModelFileError(f"{key}={reprlib.repr(value)}: expected {rule}; export the model again")


def _is_text(value: object, length: int) -> bool:
    return isinstance(value, str) and len(value) <= length


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= MAX_NUMBER
