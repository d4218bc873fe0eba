"""The front end in ONNX, in front of a model's nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from ..onnx.graph_builder import IR_VERSION, OPSET
from .constants import GraphConstants
from .graph import SAMPLES, Value, write_front_end

PREFIX = "front_end_"  # of the names of its nodes and constants


class _OnnxWriter:
    """Writes nodes; the batch, fixed or open, stands in front of each value's shape."""

    def __init__(self, batch: int | None, samples: int) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._batch = -1 if batch is None else batch
        self._samples = samples

    def _array(self, array: np.ndarray) -> str:
        name = f"{PREFIX}constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def _integers(self, *values: int) -> str:
        return self._array(np.array(values, np.int64))

    def _node(self, operator: str, inputs: Sequence[str], shape: tuple[int, ...], **attributes: Any) -> Value[str]:
        name = f"{PREFIX}{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return Value(name, shape)

    def constant(self, array: np.ndarray) -> Value[str]:
        return Value(self._array(array.astype(np.float32)), array.shape)

    def padded_samples(self, before: int, after: int) -> Value[str]:
        x = Value(SAMPLES, (self._samples,))
        if after < 0:
            x = self.part(x, -1, 0, self._samples + after)
        padding = self._integers(0, before, 0, max(after, 0))
        return self._node("Pad", [x.key, padding], (x.shape[0] + before + max(after, 0),))

    def reshape(self, x: Value[str], shape: tuple[int, ...]) -> Value[str]:
        return self._node("Reshape", [x.key, self._integers(self._batch, *shape)], shape)

    def transpose(self, x: Value[str], axes: tuple[int, ...]) -> Value[str]:
        shape = tuple(x.shape[axis] for axis in axes)
        return self._node("Transpose", [x.key], shape, perm=(0, *(axis + 1 for axis in axes)))

    def part(self, x: Value[str], axis: int, start: int, stop: int) -> Value[str]:
        shape = _with_size(x.shape, axis, stop - start)
        return self._node("Slice", [x.key, *map(self._integers, (start, stop, axis))], shape)

    def concatenate(self, parts: Sequence[Value[str]], axis: int) -> Value[str]:
        shape = _with_size(parts[0].shape, axis, sum(part.shape[axis] for part in parts))
        return self._node("Concat", [part.key for part in parts], shape, axis=axis)

    def matmul(self, a: Value[str], b: Value[str]) -> Value[str]:
        return self._node("MatMul", [a.key, b.key], (*b.shape[:-2], a.shape[-2], b.shape[-1]))

    def multiply(self, a: Value[str], b: Value[str]) -> Value[str]:
        return self._broadcast("Mul", a, b)

    def add(self, a: Value[str], b: Value[str]) -> Value[str]:
        return self._broadcast("Add", a, b)

    def subtract(self, a: Value[str], b: Value[str]) -> Value[str]:
        return self._broadcast("Sub", a, b)

    def maximum(self, a: Value[str], b: Value[str]) -> Value[str]:
        return self._broadcast("Max", a, b)

    def _broadcast(self, operator: str, a: Value[str], b: Value[str]) -> Value[str]:
        return self._node(operator, [a.key, b.key], np.broadcast_shapes(a.shape, b.shape))

    def log(self, x: Value[str]) -> Value[str]:
        return self._node("Log", [x.key], x.shape)

    def largest(self, x: Value[str]) -> Value[str]:
        return self._node("ReduceMax", [x.key], (1, 1), axes=(-2, -1), keepdims=1)


def _with_size(shape: tuple[int, ...], axis: int, size: int) -> tuple[int, ...]:
    changed = list(shape)
    changed[axis] = size
    return tuple(changed)


def _written(constants: GraphConstants, batch: int | None) -> tuple[_OnnxWriter, onnx.ValueInfoProto]:
    """The front end's nodes, and the input that they read."""
    samples = constants.config.window_samples
    writer = _OnnxWriter(batch, samples)
    write_front_end(writer, constants)
    return writer, helper.make_tensor_value_info(SAMPLES, onnx.TensorProto.FLOAT, [batch or "batch", samples])


def mfcc_onnx(constants: GraphConstants) -> bytes:
    """A model that gives the MFCC themselves: samples [shape=(1, window_samples)] -> [shape=(1, frames, n_mfcc)]."""
    writer, samples = _written(constants, 1)
    mfcc = writer.nodes[-1].output[0]
    shape = (1, constants.config.window_frames, constants.config.n_mfcc)
    given = helper.make_tensor_value_info(mfcc, onnx.TensorProto.FLOAT, shape)
    graph = helper.make_graph(writer.nodes, "front_end", [samples], [given], writer.constants)
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="genrekit")
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def with_onnx_front_end(data: bytes, constants: GraphConstants, batch: int | None) -> bytes:
    """The model `data`, which takes MFCC, behind the front end: samples [shape=(batch, window_samples)] go in."""
    model = onnx.load_model_from_string(data)
    writer, samples = _written(constants, batch)
    graph = model.graph
    writer.nodes[-1].output[0] = graph.input[0].name  # the model's nodes read it as before
    nodes = [*writer.nodes, *graph.node]
    del graph.node[:], graph.input[:]
    graph.node.extend(nodes)
    graph.input.append(samples)
    graph.initializer.extend(writer.constants)
    onnx.checker.check_model(model, full_check=True)
    joined: bytes = model.SerializeToString(deterministic=True)
    return joined
