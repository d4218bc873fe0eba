"""Models whose layers have no counterpart in `layers`: traced by TensorFlow and restated by tf2onnx."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import keras
import onnx
import tensorflow as tf
import tf2onnx
from onnx import numpy_helper

from ...runtime.errors import UnsupportedModelError, first_words
from ...runtime.util.native_output import held_back
from .graph_builder import INPUT, IR_VERSION, OPSET, OUTPUT


def traced_onnx(model: keras.Model, batch: int | None, reason: UnsupportedModelError) -> onnx.ModelProto:
    """`model` as float32 ONNX with a fixed `batch`, or an open one where None: whatever TensorFlow makes of the layers.

    The same model gives the same bytes unless it holds loops, whose nodes tf2onnx puts in an order of chance.

    Raises:
        UnsupportedModelError: tf2onnx cannot either; the message holds `reason`, why the layers were not restated.
    """
    features = tf.TensorSpec((batch, *model.input_shape[1:]), tf.float32, name=INPUT)
    function = tf.function(lambda features: model(features, training=False), input_signature=[features])
    try:
        with held_back():
            converted: onnx.ModelProto = tf2onnx.convert.from_function(function, [features], opset=OPSET)[0]
            # Tensors that a layer keeps beside its weights become inputs, which nobody would feed.
            if (stray := len(converted.graph.input) - 1) > 0:
                raise ValueError(f"{stray} tensors that are no weights would have to be fed as inputs")
            converted.ir_version = IR_VERSION
            _rename(converted.graph, itertools.count(), {"": ""})
            _name_ends(converted.graph, batch)
            onnx.checker.check_model(converted, full_check=True)
    except Exception as error:  # tf2onnx raises whatever its handlers raise, or leaves operators that there are not
        raise UnsupportedModelError(f"{reason} (tf2onnx says: {first_words(error)})") from error
    return converted


def _rename(graph: onnx.GraphProto, numbers: Iterator[int], outer: dict[str, str]) -> None:
    """Number values and nodes in order: tf2onnx counts on from one conversion to the next, and sorts by its names."""
    graph.name, graph.doc_string, names = f"graph_{next(numbers)}", "", dict(outer)
    constants = sorted(
        graph.initializer,
        key=lambda tensor: (tensor.data_type, tuple(tensor.dims), numpy_helper.to_array(tensor).tobytes()),
    )
    del graph.initializer[:]
    graph.initializer.extend(constants)
    for value in (*graph.input, *graph.initializer):
        names[value.name] = value.name = f"value_{next(numbers)}"
    for node in graph.node:
        node.name = f"{node.op_type}_{next(numbers)}"
        node.input[:] = [names[name] for name in node.input]
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _rename(attribute.g, numbers, names)
        for index, name in enumerate(node.output):
            names[name] = node.output[index] = f"value_{next(numbers)}" if name else ""
    for value in graph.output:
        value.name = names[value.name]
    for value in (*graph.input, *graph.output):
        for size in value.type.tensor_type.shape.dim:
            if size.dim_param:
                size.Clear()
    del graph.value_info[:]


def _name_ends(graph: onnx.GraphProto, batch: int | None) -> None:
    for value, name in ((graph.input[0], INPUT), (graph.output[0], OUTPUT)):
        for node in graph.node:
            for values in (node.input, node.output):
                values[:] = [name if old == value.name else old for old in values]
        value.name = name
        if batch is None:
            value.type.tensor_type.shape.dim[0].dim_param = "batch"
