"""Just enough of the protocol-buffer wire format to read an ONNX file on a device without `onnx`.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator

from .malformed import MalformedError

VARINT, LENGTH = 0, 2  # wire types
FIXED = {1: 8, 5: 4}  # bytes of the others


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


def fields(data: bytes | memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(number, value) of each field of the message `data`: an int, or the raw bytes of the others, which are no copy.

    Raises:
        MalformedError: these bytes are no message.
    """
    return ((number, value) for number, value, _ in spans(data))


def spans(data: bytes | memoryview) -> Iterator[tuple[int, int | memoryview, memoryview]]:
    """As `fields`, with all bytes of the field, its key and length included."""
    view, position = memoryview(data), 0
    while position < len(view):
        key, start = _varint(view, position)
        number, wire_type = key >> 3, key & 7
        if wire_type == VARINT:
            value, end = _varint(view, start)
        elif wire_type == LENGTH:
            length, start = _varint(view, start)
            end = start + length
        elif wire_type in FIXED:
            end = start + FIXED[wire_type]
        else:
            raise MalformedError(f"wire_type={wire_type} at byte {start}")
        if number == 0 or end > len(view):
            raise MalformedError(f"a field that does not fit at byte {position}")
        yield number, value if wire_type == VARINT else view[start:end], view[position:end]
        position = end


def messages(data: bytes | memoryview, number: int) -> list[memoryview]:
    """The raw bytes of each field `number` of the message `data`; raises MalformedError."""
    return [value for found, value in fields(data) if found == number and isinstance(value, memoryview)]


def packed(data: memoryview, most: int) -> list[int]:
    """The numbers of a packed repeated field, at most so many; raises MalformedError."""
    if len(data) > 10 * most:
        raise MalformedError("more numbers than a model of sound has one by one")
    found: list[int] = []
    position = 0
    while position < len(data):
        value, position = _varint(data, position)
        found.append(value)
    return found
