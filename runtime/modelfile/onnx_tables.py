"""Reads all messages of an ONNX model that an engine reads, and refuses what none of our files has.

Source: onnx.proto3, which numbers the fields used below.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from . import protobuf
from .malformed import Budget, MalformedError

GRAPH, OPSETS = 7, 8  # ModelProto
TRAINING, FUNCTIONS = 20, 25
MAX_RANK = 8
MAX_ELEMENTS = 2**28  # of one tensor
MAX_NODES = 20_000
MAX_PARTS = 1_000_000  # fields of all messages together, and numbers in one
MAX_NESTING = 4  # of the graphs of loops and branches
NAME_LENGTH = 1000
DTYPES = {1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool"}
DTYPES |= {10: "float16", 11: "float64", 12: "uint32", 13: "uint64"}
SPARSE_INITIALIZER = 15  # GraphProto
EXTERNAL_DATA, DATA_LOCATION = 13, 14  # TensorProto
# TensorProto: numbers that do not stand in raw_data, by field, and the types that are kept in them.
NUMBERS = {4: {"float32"}, 5: {"int32", "int16", "int8", "uint16", "uint8", "bool", "float16"}, 7: {"int64"}}
NUMBERS |= {10: {"float64"}, 11: {"uint32", "uint64"}}
RAW = 9


@dataclasses.dataclass(frozen=True)
class Constant:
    """A tensor that a file holds; `values` are those of small whole numbers, None of others."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    values: tuple[int, ...] | None = None


@dataclasses.dataclass(frozen=True)
class Value:
    """A tensor at an end of a graph: dimensions are None where they are open, `shape` is where it is not told."""

    name: str
    shape: tuple[int | None, ...] | None
    dtype: str


@dataclasses.dataclass(frozen=True)
class Node:
    """An operator: names of its tensors, "" where one is left out; attributes that are numbers, by name."""

    op: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, tuple[int, ...]]
    constants: tuple[Constant, ...]
    graphs: tuple[OnnxGraph, ...]


@dataclasses.dataclass(frozen=True)
class OnnxGraph:
    """A graph: nodes in their order, constants, and values at its ends."""

    nodes: tuple[Node, ...]
    constants: tuple[Constant, ...]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]


def read(data: bytes | memoryview) -> tuple[OnnxGraph, dict[str, int]]:
    """The graph in the bytes of an .onnx, and the version of each operator set; raises MalformedError."""
    budget = Budget(MAX_PARTS)
    fields = _fields(data, budget)
    graphs = _messages(fields, GRAPH)
    if len(graphs) != 1:
        raise MalformedError("no graph")
    for number, what in ((TRAINING, "a training of its own"), (FUNCTIONS, "functions of its own")):
        if number in fields:
            raise MalformedError(what)
    opsets = {}
    for message in _messages(fields, OPSETS):
        entry = _fields(message, budget)
        opsets[_text(entry, 1)] = _integer(entry, 2) or 0
    return _graph(graphs[0], budget, 0), opsets


def _fields(message: bytes | memoryview, budget: Budget) -> dict[int, list[int | memoryview]]:
    found: dict[int, list[int | memoryview]] = {}
    for number, value in protobuf.fields(message):
        budget.spend(1)
        found.setdefault(number, []).append(value)
    return found


def _messages(fields: dict[int, list[Any]], number: int, most: int = MAX_NODES) -> list[memoryview]:
    values = fields.get(number, [])
    if len(values) > most or any(isinstance(value, int) for value in values):
        raise MalformedError(f"field {number} of another kind, or too often")
    return values


def _integer(fields: dict[int, list[Any]], number: int) -> int | None:
    values = fields.get(number, [])
    if any(not isinstance(value, int) for value in values):
        raise MalformedError(f"field {number} that is no number")
    return _signed(values[-1]) if values else None


def _signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


def _integers(fields: dict[int, list[Any]], number: int) -> tuple[int, ...]:
    """Of a repeated field, packed or not."""
    found: list[int] = []
    for value in fields.get(number, []):
        found += [value] if isinstance(value, int) else protobuf.packed(value, MAX_PARTS)
    return tuple(map(_signed, found))


def _text(fields: dict[int, list[Any]], number: int) -> str:
    values = _messages(fields, number)
    if values and len(values[-1]) > NAME_LENGTH:
        raise MalformedError(f"a name of {len(values[-1])} characters")
    return _decoded(values[-1]) if values else ""


def _decoded(value: memoryview) -> str:
    try:
        return str(value, "utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError("a name that is no text") from error


def _graph(message: memoryview, budget: Budget, depth: int) -> OnnxGraph:
    if depth > MAX_NESTING:
        raise MalformedError(f"graphs nested more than {MAX_NESTING} deep")
    fields = _fields(message, budget)
    if SPARSE_INITIALIZER in fields:
        raise MalformedError("sparse weights")
    for value in _messages(fields, 13):
        _value(value, budget)
    return OnnxGraph(
        tuple(_node(node, budget, depth) for node in _messages(fields, 1)),
        tuple(_constant(tensor, budget) for tensor in _messages(fields, 5)),
        tuple(_value(value, budget) for value in _messages(fields, 11)),
        tuple(_value(value, budget) for value in _messages(fields, 12)),
    )


def _node(message: memoryview, budget: Budget, depth: int) -> Node:
    fields = _fields(message, budget)
    attributes: dict[str, tuple[int, ...]] = {}
    constants: list[Constant] = []
    graphs: list[OnnxGraph] = []
    for described in _messages(fields, 5):
        attribute = _fields(described, budget)
        name, number = _text(attribute, 1), _integer(attribute, 3)
        attributes[name] = _integers(attribute, 8) if number is None else (number,)
        tensors = _messages(attribute, 5) + _messages(attribute, 10)
        constants += (_constant(tensor, budget) for tensor in tensors)
        graphs += (_graph(graph, budget, depth + 1) for graph in _messages(attribute, 6) + _messages(attribute, 11))
    inputs, outputs = (tuple(map(_decoded, _messages(fields, number))) for number in (1, 2))
    return Node(_text(fields, 4), _text(fields, 7), inputs, outputs, attributes, tuple(constants), tuple(graphs))


def _constant(message: memoryview, budget: Budget) -> Constant:
    fields = _fields(message, budget)
    name = _text(fields, 8)
    if EXTERNAL_DATA in fields or _integer(fields, DATA_LOCATION):
        raise MalformedError(f"weights {name[:80]!r} in a file of their own, which is never opened")
    dtype, shape = DTYPES.get(_integer(fields, 2) or 0, ""), _integers(fields, 1)
    elements = math.prod(shape)
    if not dtype or len(shape) > MAX_RANK or min(shape, default=0) < 0 or elements > MAX_ELEMENTS:
        raise MalformedError(f"weights {name[:80]!r} of shape {shape[:MAX_RANK]} and type {dtype or 'unknown'}")
    holders = [number for number in (*NUMBERS, RAW) if number in fields]
    size = np.dtype(dtype).itemsize
    if holders == [RAW]:
        (content,) = _messages(fields, RAW, most=1)
        if len(content) != elements * size:
            raise MalformedError(f"weights {name[:80]!r} of {elements * size} bytes, of which it has {len(content)}")
        whole = dtype in ("int32", "int64") and elements <= MAX_RANK * 2
        return Constant(
            name, shape, dtype, tuple(np.frombuffer(content, f"<{dtype[0]}{size}").tolist()) if whole else None
        )
    if not holders:
        if elements:
            raise MalformedError(f"weights {name[:80]!r} without content")
        return Constant(name, shape, dtype, () if dtype in ("int32", "int64") else None)
    return _listed(name, shape, dtype, fields, holders)


def _listed(
    name: str, shape: tuple[int, ...], dtype: str, fields: dict[int, list[Any]], holders: list[int]
) -> Constant:
    """A constant whose numbers stand one by one."""
    (number, *others), elements = holders, math.prod(shape)
    if others or dtype not in NUMBERS[number]:
        raise MalformedError(f"weights {name[:80]!r} of type {dtype} in the field of another")
    if number in (4, 10):
        size = 4 if number == 4 else 8
        count = sum(0 if isinstance(value, int) else len(value) for value in fields[number]) / size
        values = None
    else:
        values = _integers(fields, number)
        count = len(values)
    if count != elements:
        raise MalformedError(f"weights {name[:80]!r} of {elements} numbers, of which it has {count:g}")
    return Constant(name, shape, dtype, values if dtype in ("int32", "int64") and elements <= MAX_RANK * 2 else None)


def _value(message: memoryview, budget: Budget) -> Value:
    fields = _fields(message, budget)
    name = _text(fields, 1)
    types = _messages(fields, 2, most=1)
    kinds = _messages(_fields(types[0], budget), 1, most=1) if types else []  # TypeProto.tensor_type
    if not kinds:
        return Value(name, None, "")
    tensor = _fields(kinds[0], budget)
    number = _integer(tensor, 1) or 0
    shapes = _messages(tensor, 2, most=1)
    sizes = _messages(_fields(shapes[0], budget), 1, MAX_RANK) if shapes else []
    shape = tuple(_dimension(size, budget) for size in sizes) if shapes else None
    return Value(name, shape, DTYPES.get(number, f"onnx type {number}"))


def _dimension(message: memoryview, budget: Budget) -> int | None:
    size = _integer(fields := _fields(message, budget), 1)
    _text(fields, 2)
    if size is not None and not 0 <= size <= MAX_ELEMENTS:
        raise MalformedError(f"a dimension of {size}")
    return size
