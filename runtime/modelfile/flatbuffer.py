"""Just enough of flatbuffers to read a TFLite file that nobody has vouched for: every offset and length is checked.

Source: https://flatbuffers.dev/internals/
"""

from __future__ import annotations

import struct
from typing import Any

from .malformed import Budget, MalformedError

MAX_PARTS = 2_000_000  # of all vectors together
MAX_ITEMS = 20_000  # of a vector that is no content; no model of ours comes near


def _require(holds: bool, position: int) -> None:
    if not holds:
        raise MalformedError(f"an offset or length that does not fit at byte {position}")


class Table:
    """A flatbuffer table: fields by number, each absent or at an offset; raises MalformedError outside its file."""

    __slots__ = ("_budget", "_slots", "data", "position")

    def __init__(self, data: bytes | memoryview, position: int, budget: Budget | None = None) -> None:
        self.data, self.position, self._budget = data, position, budget or Budget(MAX_PARTS)
        _require(position % 4 == 0 and 4 <= position <= len(data) - 4, position)
        vtable = position - struct.unpack_from("<i", data, position)[0]
        _require(vtable % 2 == 0 and 0 <= vtable <= len(data) - 4, position)
        size, inline = struct.unpack_from("<HH", data, vtable)
        _require(size >= 4 and size % 2 == 0 and vtable + size <= len(data), vtable)
        _require(inline >= 4 and position + inline <= len(data), vtable)
        self._slots = struct.unpack_from(f"<{size // 2 - 2}H", data, vtable + 4)
        _require(all(slot == 0 or 4 <= slot < inline for slot in self._slots), vtable)

    @property
    def fields(self) -> set[int]:
        """Numbers of the fields that are there."""
        return {number for number, slot in enumerate(self._slots) if slot}

    def _offset(self, field: int, size: int) -> int:
        """Where `field` of `size` bytes stands in the file; 0 where it is absent."""
        slot = self._slots[field] if field < len(self._slots) else 0
        _require(self.position + slot + size <= len(self.data), self.position)
        return self.position + slot if slot else 0

    def scalar(self, field: int, layout: str, default: int = 0) -> Any:
        """The number in `field`, in the `layout` of `struct`."""
        position = self._offset(field, struct.calcsize(layout))
        return struct.unpack_from(layout, self.data, position)[0] if position else default

    def _target(self, position: int) -> int:
        _require(position % 4 == 0 and position <= len(self.data) - 4, position)
        target: int = position + struct.unpack_from("<I", self.data, position)[0]
        _require(target <= len(self.data) - 4, position)
        return target

    def table(self, field: int) -> Table | None:
        """The table that `field` points to; None where it is absent."""
        position = self._offset(field, 4)
        return Table(self.data, self._target(position), self._budget) if position else None

    def _vector(self, field: int, size: int, most: int) -> tuple[int, int]:
        """(position of the first item of `size` bytes, number of items)."""
        if not (position := self._offset(field, 4)):
            return 0, 0
        start = self._target(position)
        count = struct.unpack_from("<I", self.data, start)[0]
        _require(start % 4 == 0 and count <= most and start + 4 + count * size <= len(self.data), start)
        self._budget.spend(1 + count if most <= MAX_ITEMS else 1)  # longer ones are contents, which nobody reads here
        return start + 4, count

    def numbers(self, field: int, code: str, most: int = MAX_ITEMS) -> tuple[Any, ...]:
        """The vector in `field`, of at most `most` numbers of the type `code` of `struct`; empty where it is absent."""
        start, count = self._vector(field, struct.calcsize(f"<{code}"), most)
        return struct.unpack_from(f"<{count}{code}", self.data, start)

    def content(self, field: int) -> memoryview:
        """The vector of bytes in `field`, which is no copy; empty where it is absent."""
        start, count = self._vector(field, 1, len(self.data))
        return memoryview(self.data)[start : start + count]

    def tables(self, field: int) -> list[Table]:
        """The vector of tables in `field`; empty where it is absent."""
        start, count = self._vector(field, 4, MAX_ITEMS)
        positions = range(start, start + 4 * count, 4)
        return [Table(self.data, self._target(position), self._budget) for position in positions]

    def text(self, field: int) -> str:
        """The text in `field`, which ends with a zero in the file; empty where it is absent."""
        start, count = self._vector(field, 1, MAX_ITEMS)
        _require(not start or self.data[start + count : start + count + 1] == b"\0", start)
        try:
            return str(self.data[start : start + count], "utf-8")
        except UnicodeDecodeError as error:
            raise MalformedError(f"a name that is no text at byte {start}") from error
