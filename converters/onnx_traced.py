"""Models whose layers have no counterpart in `onnx_layers`: traced by TensorFlow and restated by tf2onnx."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import keras
import onnx
import tensorflow as tf
import tf2onnx

from ..runtime.errors import UnsupportedModelError
from ..runtime.native_output import held_back
from .onnx_graph import INPUT, IR_VERSION, OPSET, OUTPUT


def traced_onnx(model: keras.Model, batch: int | None, reason: UnsupportedModelError) -> onnx.ModelProto:
    """`model` as float32 ONNX; the graph holds whatever TensorFlow makes of the layers.

    Args:
        model: input [shape=(batch, frames, n_mfcc)], output [shape=(batch, classes)].
        batch: the fixed batch; None leaves it open.
        reason: why the layers could not be restated one by one.

    Raises:
        UnsupportedModelError: `reason`, when tf2onnx cannot either.
    """
    features = tf.TensorSpec((batch, *model.input_shape[1:]), tf.float32, name=INPUT)
    function = tf.function(lambda features: model(features, training=False), input_signature=[features])
    try:
        with held_back():
            converted, _ = tf2onnx.convert.from_function(function, [features], opset=OPSET)
    except Exception as error:  # tf2onnx raises whatever its handlers raise
        raise UnsupportedModelError(f"{reason} (tf2onnx says: {error})") from error
    converted.ir_version, converted.graph.name, converted.graph.doc_string = IR_VERSION, "genrekit", ""
    _rename(converted.graph, itertools.count(), {"": ""})
    _name_ends(converted.graph, batch)
    onnx.checker.check_model(converted, full_check=True)
    return converted


def _rename(graph: onnx.GraphProto, numbers: Iterator[int], outer: dict[str, str]) -> None:
    """Number values and nodes in order: tf2onnx counts on from one conversion to the next."""
    names = dict(outer)
    for value in (*graph.input, *graph.initializer):
        names[value.name] = value.name = f"value_{next(numbers)}"
    for node in graph.node:
        node.name = f"{node.op_type}_{next(numbers)}"
        node.input[:] = [names[name] for name in node.input]
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _rename(attribute.g, numbers, names)
        for place, name in enumerate(node.output):
            names[name] = node.output[place] = f"value_{next(numbers)}" if name else ""
    for value in graph.output:
        value.name = names[value.name]
    del graph.value_info[:]


def _name_ends(graph: onnx.GraphProto, batch: int | None) -> None:
    for value, name in ((graph.input[0], INPUT), (graph.output[0], OUTPUT)):
        for node in graph.node:
            for places in (node.input, node.output):
                places[:] = [name if place == value.name else place for place in places]
        value.name = name
        if batch is None:
            value.type.tensor_type.shape.dim[0].dim_param = "batch"
