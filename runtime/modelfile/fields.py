"""The fields of a JSON object from outside, each checked for its type and bounds with the standard library alone."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable
from typing import Any

from ..errors import ModelFileError

MAX_COUNT = 2**63 - 1
MAX_NUMBER = 1e300
MAX_TEXT = 4096  # characters; the path of a split may be that long


class Fields:
    """One JSON object, whose fields are taken out one by one.

    What is absent or null comes out as None, false or empty. Where a field holds anything else than its method expects,
    that raises ModelFileError, which names the field.
    """

    def __init__(self, value: object, key: str = "") -> None:
        """`key`: where the object stands in the description; "" for the description itself."""
        if not isinstance(value, dict):
            raise unusable(key or "description", value, "a JSON object")
        self._values, self._prefix = value, f"{key}." if key else ""

    def _take(self, name: str, holds: Callable[[Any], bool], rule: str) -> Any:
        value = self._values.get(name)
        if value is not None and not holds(value):
            raise unusable(self._prefix + name, value, rule)
        return value

    def text(self, name: str, *allowed: str) -> str | None:
        """A text of at most `MAX_TEXT` characters; one of `allowed` where any are named."""
        rule = f"one of {', '.join(allowed)}" if allowed else f"a text of at most {MAX_TEXT} characters"
        text: str | None = self._take(
            name, lambda value: value in allowed if allowed else _is_text(value, MAX_TEXT), rule
        )
        return text

    def required_text(self, name: str) -> str:
        """A text that must be there."""
        text = self.text(name)
        if text is None:
            raise unusable(self._prefix + name, None, "a text")
        return text

    def texts(self, name: str, most: int, length: int) -> tuple[str, ...]:
        """At most `most` texts of at most `length` characters."""

        def holds(value: Any) -> bool:
            return isinstance(value, list) and len(value) <= most and all(_is_text(text, length) for text in value)

        return tuple(self._take(name, holds, f"at most {most} texts of at most {length} characters") or ())

    def count(self, name: str) -> int | None:
        """A whole number that is not negative."""
        rule = f"a whole number from 0 to {MAX_COUNT}"
        count: int | None = self._take(name, lambda value: type(value) is int and 0 <= value <= MAX_COUNT, rule)
        return count

    def number(self, name: str, most: float = math.inf) -> float | None:
        """A finite number from 0 to `most`."""
        rule = f"a number from 0 to {most:g}" if most < math.inf else "a finite number, not negative"
        number: float | None = self._take(name, lambda value: _is_number(value) and 0 <= value <= most, rule)
        return number

    def flag(self, name: str) -> bool:
        """True or false."""
        return bool(self._take(name, lambda value: isinstance(value, bool), "true or false"))

    def numbers(self, name: str, count: int) -> tuple[float, ...]:
        """Exactly `count` finite numbers."""

        def holds(value: Any) -> bool:
            return isinstance(value, list) and len(value) == count and all(map(_is_number, value))

        rule = f"{count} finite numbers"
        value = self._take(name, holds, rule)
        if value is None:
            raise unusable(self._prefix + name, None, rule)
        return tuple(map(float, value))

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def object(self, name: str) -> Fields:
        """A JSON object."""
        return Fields(self._values[name] if name in self else {}, self._prefix + name)

    def as_dict(self) -> dict[str, Any]:
        """All fields, unchecked."""
        return self._values


def unusable(key: str, value: object, rule: str) -> ModelFileError:
    """The error of a field; long values are shortened."""
    return ModelFileError(f"{key}={reprlib.repr(value)}: expected {rule}; export the model again")


def _is_text(value: object, length: int) -> bool:
    return isinstance(value, str) and len(value) <= length


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= MAX_NUMBER
