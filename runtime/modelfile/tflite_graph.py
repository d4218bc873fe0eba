"""Reads a TFLite flatbuffer: just the tables that tell operators and the model's ends.

Sources: https://flatbuffers.dev/internals/ and TFLite's schema.fbs, which numbers the fields used below.
"""

from __future__ import annotations

import collections
import struct
from typing import Any

from .graph import Graph, Tensor
from .protobuf import MalformedError
from .tflite_op_names import OPERATORS, TENSOR_TYPES

CUSTOM = OPERATORS.index("CUSTOM")


class _Table:
    """A flatbuffer table: fields by number, each absent or at an offset."""

    def __init__(self, data: bytes, position: int) -> None:
        self.data, self.position = data, position
        self._vtable = position - self._read("<i", position)
        self._vtable_size = self._read("<H", self._vtable)

    def _read(self, layout: str, position: int) -> Any:
        if not 0 <= position < len(self.data):
            raise MalformedError(f"an offset outside the file: {position}")
        return struct.unpack_from(layout, self.data, position)[0]

    def _offset(self, field: int) -> int:
        """Where `field` stands in the file; 0 where it is absent."""
        slot = 4 + 2 * field
        offset = self._read("<H", self._vtable + slot) if slot < self._vtable_size else 0
        return self.position + offset if offset else 0

    def scalar(self, field: int, layout: str) -> int:
        """The number in `field`; 0 where it is absent."""
        return int(self._read(layout, position)) if (position := self._offset(field)) else 0

    def table(self, field: int) -> _Table | None:
        position = self._offset(field)
        return _Table(self.data, position + self._read("<I", position)) if position else None

    def _vector(self, field: int) -> tuple[int, int]:
        """(position of the first item, number of items)."""
        if not (position := self._offset(field)):
            return 0, 0
        start = position + self._read("<I", position)
        return start + 4, self._read("<I", start)

    def numbers(self, field: int, code: str) -> tuple[Any, ...]:
        start, count = self._vector(field)
        return struct.unpack_from(f"<{count}{code}", self.data, start)

    def tables(self, field: int) -> list[_Table]:
        start, count = self._vector(field)
        positions = range(start, start + 4 * count, 4)
        return [_Table(self.data, position + self._read("<I", position)) for position in positions]

    def text(self, field: int) -> str:
        start, count = self._vector(field)
        return self.data[start : start + count].decode()


def parse(data: bytes) -> Graph:
    """The graph in the bytes of a .tflite; raises MalformedError or struct.error where they are none."""
    if data[4:8] != b"TFL3":
        raise MalformedError("no TFL3 mark")
    model = _Table(data, struct.unpack_from("<I", data)[0])
    names = [_operator_name(code) for code in model.tables(1)]
    graphs = model.tables(2)
    ops = collections.Counter(names[operator.scalar(0, "<I")] for graph in graphs for operator in graph.tables(3))
    tensors = graphs[0].tables(0)
    inputs, outputs = graphs[0].numbers(1, "I"), graphs[0].numbers(2, "I")
    return Graph(
        ops=dict(ops.most_common()),
        inputs=tuple(_tensor(tensors[index]) for index in inputs),
        outputs=tuple(_tensor(tensors[index]) for index in outputs),
    )


def _operator_name(code: _Table) -> str:
    # Operators below 127 are also written in the older one-byte field; old files have only that.
    number = max(code.scalar(0, "<b"), code.scalar(3, "<i"))
    if number == CUSTOM:
        return code.text(1)
    return OPERATORS[number] if number < len(OPERATORS) else f"BUILTIN_{number}"


def _tensor(table: _Table) -> Tensor:
    quantization = table.table(4)
    scales = quantization.numbers(2, "f") if quantization else ()
    zero_points = quantization.numbers(3, "q") if quantization else ()
    return Tensor(
        name=table.text(3),
        shape=tuple(size if size >= 0 else None for size in table.numbers(7, "i") or table.numbers(0, "i")),
        dtype=TENSOR_TYPES[table.scalar(1, "<b")],
        scale=scales[0] if scales else None,
        zero_point=zero_points[0] if zero_points else None,
    )
