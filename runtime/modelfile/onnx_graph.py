"""What an ONNX model consists of, after a look at its whole structure."""

from __future__ import annotations

import collections

from . import onnx_tables
from .graph import Graph, OperatorKind, Tensor
from .malformed import MalformedError
from .onnx_operators import check_graph
from .onnx_shapes import known_shapes
from .onnx_tables import Value

OPSETS = {"": range(7, 31), "ai.onnx": range(7, 31)}  # what engines of these years read


def parse(data: bytes | memoryview) -> Graph:
    """The graph in the bytes of an .onnx with one tensor in and one out.

    Raises:
        MalformedError: they are none, or an engine might come to harm of them.
    """
    graph, opsets = onnx_tables.read(data)
    for domain, versions in OPSETS.items():
        if opsets.get(domain, versions[0]) not in versions:
            raise MalformedError(f"operators of version {opsets[domain]}")
    check_graph(graph)
    known_shapes(graph)
    weights = {constant.name for constant in graph.constants}
    # Before IR version 4 the weights stood among the inputs too.
    inputs = [value for value in graph.inputs if value.name not in weights]
    if not len(inputs) == len(graph.outputs) == 1:
        raise MalformedError("not one tensor in and one out")
    ops = collections.Counter(node.op for node in graph.nodes)
    kinds = frozenset(OperatorKind(node.op, opsets.get(node.domain, 1)) for node in graph.nodes)
    return Graph(dict(ops.most_common()), tuple(map(_end, inputs)), tuple(map(_end, graph.outputs)), kinds)


def _end(value: Value) -> Tensor:
    if not value.shape:
        raise MalformedError(f"a single number, {value.name[:80]!r}, for an end")
    return Tensor(value.name, value.shape, value.dtype)
