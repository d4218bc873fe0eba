"""Reads all tables of a TFLite flatbuffer that an engine reads, and refuses what none of our files has.

Source: TFLite's schema.fbs, which numbers the fields used below.
"""

from __future__ import annotations

import dataclasses
import math
import struct

import numpy as np

from .flatbuffer import Table
from .malformed import MalformedError
from .tflite_op_names import OPERATORS, TENSOR_TYPES

CUSTOM = OPERATORS.index("CUSTOM")
MAX_RANK = 8
MAX_ELEMENTS = 2**28  # of one tensor
# bits of an element; other types are not taken
BITS = {
    **dict(float32=32, float16=16, float64=64, complex64=64, bool=8, int4=4),
    **{f"{sign}int{bits}": bits for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
LAST_MODEL_FIELD, LAST_TENSOR_FIELD = 7, 8  # behind them stand contents outside the flatbuffer
SPARSITY, CUSTOM_QUANTIZATION = 6, {4, 5}
FOREIGN_OPTIONS = {9, 10, 11, 12}  # of operators of others, and of StableHLO


@dataclasses.dataclass(frozen=True)
class TensorTable:
    """A tensor of a graph.

    Attributes:
        name: as the graph calls it.
        shape: no dimension is below 0.
        signature: the same with -1 where a dimension is open.
        dtype: numpy's name, a key of `BITS`.
        content: of a constant; empty of others.
        variable: whether it keeps its content between calls.
        scales, zero_points: one, or one for each slice along `axis`; none of a tensor that is not quantised.
    """

    name: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    dtype: str
    content: memoryview
    variable: bool
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """How long its content is."""
        return (self.elements * BITS[self.dtype] + 7) // 8

    @property
    def static(self) -> bool:
        """Whether no dimension is open."""
        return min(self.signature, default=0) >= 0

    def integers(self) -> tuple[int, ...] | None:
        """What a constant of int32 or int64 holds; None of any other tensor."""
        if not len(self.content) or self.dtype not in ("int32", "int64"):
            return None
        return tuple(np.frombuffer(self.content, self.dtype).tolist())


@dataclasses.dataclass(frozen=True)
class OperatorTable:
    """An operator of a graph; its tensors are named by their indices in it, -1 where one is left out.

    Attributes:
        name, version: as the schema has them.
        inputs, outputs, intermediates: indices.
        options_type: which table `options` is, 0 for none.
        options: the numbers that it takes beside tensors.
    """

    name: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    intermediates: tuple[int, ...]
    options_type: int
    options: Table | None


@dataclasses.dataclass(frozen=True)
class GraphTable:
    """A graph of the model: indices of its own tensors at its ends, and operators in their order."""

    tensors: tuple[TensorTable, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: tuple[OperatorTable, ...]


def read(data: bytes | memoryview) -> tuple[GraphTable, ...]:
    """The graphs in the bytes of a .tflite, the first of which is the model's; raises MalformedError."""
    model = _model(data)
    _require_no_more(model, LAST_MODEL_FIELD, "the model")
    model.text(3)
    codes = [(_operator_name(code), code.scalar(2, "<i", 1)) for code in model.tables(1)]
    contents = [_content(buffer) for buffer in model.tables(4)]
    _check_extras(model, len(contents))
    graphs = tuple(_graph(graph, codes, contents) for graph in model.tables(2))
    if not graphs:
        raise MalformedError("no graph")
    _check_signatures(model, graphs)
    return graphs


def metadata_names(data: bytes | memoryview) -> frozenset[str]:
    """Names of what a .tflite carries beside its graphs, after `read`."""
    return frozenset(entry.text(0) for entry in _model(data).tables(6))


def _model(data: bytes | memoryview) -> Table:
    if data[4:8] != b"TFL3":
        raise MalformedError("no TFL3 mark")
    return Table(data, struct.unpack_from("<I", data)[0])


def _require_no_more(table: Table, last: int, what: str) -> None:
    if table.fields and max(table.fields) > last:
        raise MalformedError(f"{what} keeps content outside the file, or has fields of a later schema")


def _operator_name(code: Table) -> str:
    # Operators below 127 are also written in the older one-byte field; old files have only that.
    number = max(code.scalar(0, "<b"), code.scalar(3, "<i"))
    if number == CUSTOM:
        raise MalformedError(f"the custom operator {code.text(1)[:80]!r}, which no engine brings along")
    if not 0 <= number < len(OPERATORS):
        raise MalformedError(f"an operator of number {number}, which does not exist")
    code.text(1)
    name: str = OPERATORS[number]
    return name


def _content(buffer: Table) -> memoryview:
    if buffer.scalar(1, "<Q") > 1 or buffer.scalar(2, "<Q") > 1:
        raise MalformedError("a buffer outside the flatbuffer")
    return buffer.content(0)


def _check_extras(model: Table, buffers: int) -> None:
    """Metadata: names and contents that engines look up by name."""
    extras = [entry.scalar(1, "<I") for entry in model.tables(6) if entry.text(0) is not None]
    if max((*extras, *model.numbers(5, "i")), default=0) >= buffers or min(model.numbers(5, "i"), default=0) < 0:
        raise MalformedError("metadata in a buffer that does not exist")


def _check_signatures(model: Table, graphs: tuple[GraphTable, ...]) -> None:
    for signature in model.tables(7):
        signature.text(2)
        index = signature.scalar(4, "<I")
        if index >= len(graphs):
            raise MalformedError(f"a signature of graph {index}, which does not exist")
        for field, ends in ((0, graphs[index].inputs), (1, graphs[index].outputs)):
            entries = signature.tables(field)
            if any(entry.scalar(1, "<I") not in ends for entry in entries if entry.text(0) is not None):
                raise MalformedError("a signature of tensors that are not at the graph's ends")


def _graph(graph: Table, codes: list[tuple[str, int]], contents: list[memoryview]) -> GraphTable:
    graph.text(4)
    return GraphTable(
        tuple(_tensor(tensor, contents) for tensor in graph.tables(0)),
        graph.numbers(1, "i"),
        graph.numbers(2, "i"),
        tuple(_operator(operator, codes) for operator in graph.tables(3)),
    )


def _tensor(table: Table, contents: list[memoryview]) -> TensorTable:
    name = table.text(3)
    _require_no_more(table, LAST_TENSOR_FIELD, f"tensor {name[:80]!r}")
    if SPARSITY in table.fields:
        raise MalformedError(f"tensor {name[:80]!r} is sparse")
    number, buffer = table.scalar(1, "<b"), table.scalar(2, "<I")
    dtype = TENSOR_TYPES[number] if 0 <= number < len(TENSOR_TYPES) else f"number {number}"
    shape = table.numbers(0, "i", MAX_RANK)
    if dtype not in BITS:
        raise MalformedError(f"tensor {name[:80]!r} of type {dtype}")
    if min(shape, default=0) < 0 or math.prod(shape) > MAX_ELEMENTS:
        raise MalformedError(f"tensor {name[:80]!r} of shape {shape}")
    if buffer >= len(contents):
        raise MalformedError(f"tensor {name[:80]!r} in buffer {buffer}, which does not exist")
    signature = table.numbers(7, "i", MAX_RANK) or shape
    tensor = TensorTable(
        name,
        shape,
        signature,
        dtype,
        contents[buffer],
        bool(table.scalar(5, "<B")),
        *_quantization(table.table(4), name),
    )
    _check_tensor(tensor)
    return tensor


def _check_tensor(tensor: TensorTable) -> None:
    if len(tensor.content) not in (0, tensor.bytes):
        raise MalformedError(
            f"tensor {tensor.name[:80]!r} of {tensor.bytes} bytes in a buffer of {len(tensor.content)}"
        )
    if len(tensor.signature) != len(tensor.shape) or min(tensor.signature, default=0) < -1:
        raise MalformedError(f"tensor {tensor.name[:80]!r} of shape {tensor.shape} and signature {tensor.signature}")
    if any(size not in (-1, fixed) for size, fixed in zip(tensor.signature, tensor.shape, strict=True)):
        raise MalformedError(f"tensor {tensor.name[:80]!r} of shape {tensor.shape} and signature {tensor.signature}")
    along = tensor.shape[tensor.axis : tensor.axis + 1]
    if len(tensor.scales) > 1 and (len(tensor.scales),) != along:
        raise MalformedError(f"tensor {tensor.name[:80]!r} of shape {tensor.shape} with {len(tensor.scales)} scales")


def _quantization(table: Table | None, name: str) -> tuple[tuple[float, ...], tuple[int, ...], int]:
    if table is None:
        return (), (), 0
    table.numbers(0, "f")
    table.numbers(1, "f")
    scales, zero_points = table.numbers(2, "f"), table.numbers(3, "q")
    axis = table.scalar(6, "<i")
    # Steps so small or so large would leave the range of float32 within a few products.
    sound = all(1e-30 < scale < 1e30 for scale in scales) and all(abs(zero) < 2**31 for zero in zero_points)
    if not sound or len(zero_points) not in (0, len(scales)) or not 0 <= axis < MAX_RANK:
        raise MalformedError(f"tensor {name[:80]!r} is quantised in steps that cannot be used")
    if CUSTOM_QUANTIZATION & table.fields and table.scalar(4, "<B"):
        raise MalformedError(f"tensor {name[:80]!r} is quantised in a way of others")
    return scales, zero_points, axis


def _operator(table: Table, codes: list[tuple[str, int]]) -> OperatorTable:
    code = table.scalar(0, "<I")
    if code >= len(codes):
        raise MalformedError(f"an operator of code {code}, which does not exist")
    name, version = codes[code]
    if FOREIGN_OPTIONS & table.fields or len(table.content(5)):
        raise MalformedError(f"operator {name} with options of another kind")
    table.numbers(7, "?")
    options_type = table.scalar(3, "<B")
    return OperatorTable(
        name,
        version,
        table.numbers(1, "i"),
        table.numbers(2, "i"),
        table.numbers(8, "i"),
        options_type,
        table.table(4) if options_type else None,
    )
