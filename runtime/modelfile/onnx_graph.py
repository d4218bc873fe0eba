"""Reads an ONNX model: just the messages that tell operators and the model's ends.

Source: onnx.proto3, which numbers the fields used below.
"""

from __future__ import annotations

import collections

from . import protobuf
from .graph import Graph, Tensor

GRAPH = 7  # ModelProto.graph
NODE, INITIALIZER, INPUT, OUTPUT = 1, 5, 11, 12  # GraphProto
OP_TYPE = 4  # NodeProto.op_type
DTYPES = {1: "float32", 2: "uint8", 3: "int8", 6: "int32", 7: "int64", 9: "bool", 10: "float16", 11: "float64"}


def parse(data: bytes) -> Graph:
    """The graph in the bytes of an .onnx; raises MalformedError where they are none."""
    graphs = protobuf.messages(data, GRAPH)
    if len(graphs) != 1:
        raise protobuf.MalformedError("no graph")
    nodes, initializers, inputs, outputs = (
        protobuf.messages(graphs[0], number) for number in (NODE, INITIALIZER, INPUT, OUTPUT)
    )
    ops = collections.Counter(_text(node, OP_TYPE) for node in nodes)
    weights = {_text(tensor, 8) for tensor in initializers}
    return Graph(
        ops=dict(ops.most_common()),
        # Before IR version 4 the weights stood among the inputs too.
        inputs=tuple(tensor for tensor in map(_tensor, inputs) if tensor.name not in weights),
        outputs=tuple(map(_tensor, outputs)),
    )


def _first(message: memoryview, number: int) -> memoryview:
    return next(iter(protobuf.messages(message, number)), memoryview(b""))


def _integer(message: memoryview, number: int) -> int | None:
    found = (value for field, value in protobuf.fields(message) if field == number)
    return next((value for value in found if isinstance(value, int)), None)


def _text(message: memoryview, number: int) -> str:
    return bytes(_first(message, number)).decode()


def _tensor(value_info: memoryview) -> Tensor:
    tensor_type = _first(_first(value_info, 2), 1)  # ValueInfoProto.type, TypeProto.tensor_type
    dimensions = protobuf.messages(_first(tensor_type, 2), 1)  # Tensor.shape, TensorShapeProto.dim
    shape = tuple(_integer(dimension, 1) for dimension in dimensions)
    number = _integer(tensor_type, 1) or 0
    return Tensor(_text(value_info, 1), shape, DTYPES.get(number, f"onnx type {number}"))
