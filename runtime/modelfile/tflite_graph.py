"""What a TFLite flatbuffer consists of, after a look at its whole structure."""

from __future__ import annotations

import collections

from . import tflite_tables
from .graph import Graph, OperatorKind, Tensor
from .malformed import MalformedError
from .tflite_operators import called, check_operator
from .tflite_tables import GraphTable, OperatorTable, TensorTable

MAX_ACTIVATIONS = 2**28  # bytes of all tensors that are no constants; the engine may need as much again
MAX_NESTING = 8  # of loops and branches


def parse(data: bytes | memoryview) -> Graph:
    """The graph in the bytes of a .tflite with one tensor in and one out.

    Raises:
        MalformedError: they are none, or an engine might come to harm of them.
    """
    graphs = tflite_tables.read(data)
    for graph in graphs:
        _check(graph)
    for graph in graphs:
        for operator in graph.operators:
            check_operator(operator, graph, graphs)
    _check_calls(graphs, 0, (), set())
    if sum(tensor.bytes for graph in graphs for tensor in graph.tensors if not tensor.content) > MAX_ACTIVATIONS:
        raise MalformedError(f"tensors of more than {MAX_ACTIVATIONS} bytes")
    first = graphs[0]
    if not len(first.inputs) == len(first.outputs) == 1:
        raise MalformedError("not one tensor in and one out")
    ops = collections.Counter(operator.name for graph in graphs for operator in graph.operators)
    (taken,), (given,) = first.inputs, first.outputs
    kinds = frozenset(_kind(operator, graph) for graph in graphs for operator in graph.operators)
    ends = (_end(first.tensors[taken]),), (_end(first.tensors[given]),)
    return Graph(dict(ops.most_common()), *ends, kinds, tflite_tables.metadata_names(data))


def _check(graph: GraphTable) -> None:
    """Each tensor is there before an operator takes it, and comes from one origin."""
    count = len(graph.tensors)
    indices = [*graph.inputs, *graph.outputs]
    for operator in graph.operators:
        indices += operator.inputs + operator.outputs + operator.intermediates
    if not all(-1 <= index < count for index in indices):
        raise MalformedError("an operator or end of a tensor that does not exist")
    known = {-1, *graph.inputs}
    fixed = {index for index, tensor in enumerate(graph.tensors) if tensor.content or tensor.variable}
    if len(known) <= len(graph.inputs) or known & fixed:
        raise MalformedError("an input that is there already")
    known |= fixed
    for operator in graph.operators:
        if not known.issuperset(operator.inputs):
            raise MalformedError(f"operator {operator.name} takes a tensor that nothing has made")
        if known.intersection(operator.outputs) or len(set(operator.outputs)) < len(operator.outputs):
            raise MalformedError(f"operator {operator.name} makes a tensor that is there already")
        known.update(operator.outputs)
    if not (known - {-1}).issuperset(graph.outputs):
        raise MalformedError("an output that nothing has made")


def _check_calls(graphs: tuple[GraphTable, ...], index: int, path: tuple[int, ...], done: set[int]) -> None:
    """Loops and branches run graphs of their own, none of which leads back to itself."""
    if index in path or len(path) > MAX_NESTING:
        raise MalformedError(f"graphs that run themselves, or nest more than {MAX_NESTING} deep")
    if index not in done:
        for other in {called_graph for operator in graphs[index].operators for called_graph in called(operator)}:
            _check_calls(graphs, other, (*path, index), done)
        done.add(index)


def _kind(operator: OperatorTable, graph: GraphTable) -> OperatorKind:
    types = tuple(graph.tensors[index].dtype if index >= 0 else "" for index in operator.inputs)
    return OperatorKind(operator.name, operator.version, types)


def _end(tensor: TensorTable) -> Tensor:
    if not tensor.shape:
        raise MalformedError(f"a single number, {tensor.name[:80]!r}, for an end")
    return Tensor(
        name=tensor.name,
        shape=tuple(size if size >= 0 else None for size in tensor.signature),
        dtype=tensor.dtype,
        scale=tensor.scales[0] if tensor.scales else None,
        zero_point=tensor.zero_points[0] if tensor.zero_points else None,
    )
