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
    graphs = list(protobuf.spans(data, GRAPH))
    if len(graphs) != 1:
        raise protobuf.MalformedError("no graph")
    messages: dict[int, list[memoryview]] = collections.defaultdict(list)
    for number, value in protobuf.fields(data, *graphs[0]):
        messages[number].append(value)
    ops = collections.Counter(_text(node, OP_TYPE) for node in messages[NODE])
    weights = {_text(tensor, 8) for tensor in messages[INITIALIZER]}
    inputs, outputs = (tuple(map(_tensor, messages[end])) for end in (INPUT, OUTPUT))
    # Before IR version 4 the weights stood among the inputs too.
    inputs = tuple(tensor for tensor in inputs if tensor.name not in weights)
    return Graph(dict(ops.most_common()), inputs, outputs)


def _all(message: memoryview, number: int) -> list:
    return [value for found, value in protobuf.fields(message) if found == number]


def _first(message: memoryview, number: int) -> memoryview:
    return next(iter(_all(message, number)), memoryview(b""))


def _text(message: memoryview, number: int) -> str:
    return bytes(_first(message, number)).decode()


def _tensor(value_info: memoryview) -> Tensor:
    tensor_type = _first(_first(value_info, 2), 1)  # ValueInfoProto.type, TypeProto.tensor_type
    dimensions = _all(_first(tensor_type, 2), 1)  # Tensor.shape, TensorShapeProto.dim
    shape = tuple(next(iter(_all(dimension, 1)), None) for dimension in dimensions)
    number = next(iter(_all(tensor_type, 1)), 0)
    return Tensor(_text(value_info, 1), shape, DTYPES.get(number, f"onnx type {number}"))
