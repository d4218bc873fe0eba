"""Just enough of the protocol-buffer wire format to read an ONNX file on a device without `onnx`.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5


class MalformedError(ValueError):
    """The bytes are not a protocol-buffer message."""


def _varint(data: bytes | memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(data) and shift < 64:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise MalformedError(f"a number that does not end at byte {position}")


def _entries(data: bytes | memoryview, start: int, end: int) -> Iterator[tuple[int, int, int, int, int]]:
    """(field number, wire type, where the field starts, where its value starts, where it ends) of each field."""
    position = start
    while position < end:
        field_start = position
        key, position = _varint(data, position)
        number, wire_type = key >> 3, key & 7
        value_start, value_end = _value_span(data, wire_type, position)
        if number == 0 or value_end > end:
            raise MalformedError(f"a field that does not fit at byte {field_start}")
        yield number, wire_type, field_start, value_start, value_end
        position = value_end


def _value_span(data: bytes | memoryview, wire_type: int, position: int) -> tuple[int, int]:
    if wire_type == VARINT:
        return position, _varint(data, position)[1]
    if wire_type == LENGTH:
        length, position = _varint(data, position)
        return position, position + length
    if wire_type in (FIXED64, FIXED32):
        return position, position + (8 if wire_type == FIXED64 else 4)
    raise MalformedError(f"wire_type={wire_type} at byte {position}")


def fields(data: bytes | memoryview, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int | memoryview]]:
    """(number, value) of each field of the message in ``data[start:end]``: an int, or the raw bytes of the others.

    Raises:
        MalformedError: these bytes are no message.
    """
    view = memoryview(data)
    for number, wire_type, _, first, last in _entries(data, start, len(data) if end is None else end):
        yield number, _varint(data, first)[0] if wire_type == VARINT else view[first:last]


def spans(data: bytes | memoryview, number: int, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """(start, end) of the value of each field `number` of the message in ``data[start:end]``; raises MalformedError."""
    for found, _, _, first, last in _entries(data, start, len(data) if end is None else end):
        if found == number:
            yield first, last
