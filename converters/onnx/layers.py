"""How each Keras layer is written in ONNX."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

import keras
import numpy as np
import onnx
from keras import activations, layers

from ...runtime.errors import UnsupportedModelError
from ..keras_graph.lstm_layer import check_lstm, lstm_weights
from ..keras_graph.simplify import Passthrough, chain, scale_and_shift, simplify
from .graph_builder import INPUT, KERAS, TIME_FIRST, TIME_LAST, OnnxGraph, Value
from .tf2onnx_fallback import traced_onnx

_ELEMENTWISE = {
    activations.relu: "Relu",
    activations.sigmoid: "Sigmoid",
    activations.tanh: "Tanh",
    activations.elu: "Elu",
    activations.selu: "Selu",
    activations.softplus: "Softplus",
}


def onnx_model(model: keras.Model, batch: int | None) -> onnx.ModelProto:
    """`model` as float32 ONNX; a chain of known layers becomes a chain of nodes, anything else is traced.

    Raises UnsupportedModelError where a layer has no ONNX counterpart.
    """
    simplified = simplify(model, batch)
    try:
        return _chained(simplified, batch)
    except UnsupportedModelError as error:
        return traced_onnx(simplified, batch, error)


def _chained(model: keras.Model, batch: int | None) -> onnx.ModelProto:
    acting = [layer for layer in model.layers if not isinstance(layer, (layers.InputLayer, Passthrough))]
    for layer in acting:
        if type(layer) not in _LAYERS:
            names = ", ".join(sorted(kind.__name__ for kind in _LAYERS))
            raise UnsupportedModelError(
                f"layer {layer.name}: expected one of {names}; received {type(layer).__name__}, which has no ONNX "
                "counterpart here; export tflite instead"
            )
    if chain(model) is None:
        raise UnsupportedModelError(
            f"model {model.name}: expected a chain of layers, received a graph that branches; export tflite instead"
        )
    graph = OnnxGraph(batch)
    features = value = Value(INPUT, tuple(model.input_shape[1:]))
    for layer in acting:
        value = _LAYERS[type(layer)](graph, layer, value)
    return graph.model(features, graph.arrange(value, KERAS))


def _activate(graph: OnnxGraph, layer: keras.Layer, x: Value) -> Value:
    """Apply the activation function of `layer`."""
    function = layer.activation
    if function is activations.linear:
        return x
    if function is activations.softmax:
        x = graph.arrange(x, KERAS)
        return dataclasses.replace(x, name=graph.node("Softmax", [x.name], axis=-1))
    if function not in _ELEMENTWISE:
        raise UnsupportedModelError(
            f"layer {layer.name}: expected a common activation, received {getattr(function, '__name__', function)}; "
            "export tflite instead"
        )
    return dataclasses.replace(x, name=graph.node(_ELEMENTWISE[function], [x.name]))


def _dense(graph: OnnxGraph, layer: layers.Dense, x: Value) -> Value:
    kernel, *bias = layer.get_weights()
    if x.order is None:
        x = graph.arrange(x, KERAS)
    else:
        kernel = kernel[x.order]
    weights = [graph.constant(weight) for weight in (kernel, *bias)]
    shape = (*x.shape[:-1], layer.units)
    if len(x.shape) == 1:
        return _activate(graph, layer, Value(graph.node("Gemm", [x.name, *weights]), shape))
    name = graph.node("MatMul", [x.name, weights[0]])
    if bias:
        name = graph.node("Add", [name, weights[1]])
    return _activate(graph, layer, Value(name, shape))


def _conv_2d(graph: OnnxGraph, layer: layers.Conv2D, x: Value) -> Value:
    kernel, *bias = layer.get_weights()
    x = graph.arrange(x, TIME_LAST)
    weights = [graph.constant(weight) for weight in (kernel.T, *bias)]
    extent = [(size - 1) * rate + 1 for size, rate in zip(layer.kernel_size, layer.dilation_rate, strict=True)]
    name = graph.node(
        "Conv",
        [x.name, *weights],
        kernel_shape=layer.kernel_size[::-1],
        strides=layer.strides[::-1],
        dilations=layer.dilation_rate[::-1],
        group=layer.groups,
        pads=_pads(layer, x.shape, extent),
    )
    return _activate(graph, layer, Value(name, _output_shape(layer, x), TIME_LAST))


def _max_pooling_2d(graph: OnnxGraph, layer: layers.MaxPooling2D, x: Value) -> Value:
    x = graph.arrange(x, TIME_LAST)
    pads = _pads(layer, x.shape, layer.pool_size)
    kernel, strides = layer.pool_size[::-1], layer.strides[::-1]
    name = graph.node("MaxPool", [x.name], kernel_shape=kernel, strides=strides, pads=pads)
    return Value(name, _output_shape(layer, x), TIME_LAST)


def _pads(layer: keras.Layer, shape: Sequence[int], window: Sequence[int]) -> list[int]:
    """Zeros before and after each axis of `TIME_LAST`, as ONNX lists them; the odd one goes to the end.

    Source: https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2
    """
    if layer.padding == "valid":
        return [0] * 4
    before, after = [], []
    for size, extent, stride in zip(shape, window, layer.strides, strict=False):
        total = max((math.ceil(size / stride) - 1) * stride + extent - size, 0)
        before.append(total // 2)
        after.append(total - total // 2)
    return before[::-1] + after[::-1]


def _output_shape(layer: keras.Layer, x: Value) -> tuple[int, ...]:
    return tuple(layer.compute_output_shape((None, *x.shape))[1:])


def _batch_normalization(graph: OnnxGraph, layer: layers.BatchNormalization, x: Value) -> Value:
    """One that could not be folded, as a multiplication and an addition."""
    x = graph.arrange(x, KERAS)
    scale, shift = scale_and_shift(layer)
    name = graph.node("Mul", [x.name, graph.constant(scale.astype(np.float32))])
    name = graph.node("Add", [name, graph.constant(shift.astype(np.float32))])
    return dataclasses.replace(x, name=name)


def _flatten(graph: OnnxGraph, layer: layers.Flatten, x: Value) -> Value:
    order = None
    if x.layout == TIME_LAST:
        order = np.arange(math.prod(x.shape)).reshape(x.shape).T.ravel()
    else:
        x = graph.arrange(x, KERAS)
    shape = (math.prod(x.shape),)
    return Value(graph.reshape(x.name, shape), shape, order=order)


def _reshape(graph: OnnxGraph, layer: layers.Reshape, x: Value) -> Value:
    x = graph.arrange(x, KERAS)
    shape = _output_shape(layer, x)
    if len(shape) == 3 and shape == (*x.shape, 1):  # transposed with two axes it takes half as long as with three
        name = graph.node("Transpose", [x.name], perm=(0, 2, 1))
        return Value(graph.reshape(name, (1, *x.shape[::-1])), shape, TIME_LAST)
    return Value(graph.reshape(x.name, shape), shape)


def _lstm(graph: OnnxGraph, layer: layers.LSTM, x: Value) -> Value:
    check_lstm(layer)
    x = graph.arrange(x, TIME_FIRST)
    weights = [graph.constant(weight) for weight in onnx_lstm_weights(layer)]
    sequences = layer.return_sequences
    # Results: all outputs (frames, directions, batch, units), last output (directions, batch, units).
    name = graph.node("LSTM", [x.name, *weights], output=0 if sequences else 1, hidden_size=layer.units)
    name = graph.node("Squeeze", [name, graph.constant(np.array([1 if sequences else 0], np.int64))])
    if sequences:
        return Value(name, (x.shape[0], layer.units), TIME_FIRST)
    return Value(name, (layer.units,))


def onnx_lstm_weights(layer: keras.layers.LSTM) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """W (1, 4 units, inputs), R (1, 4 units, units) and B (1, 8 units) of ONNX's LSTM operator, float32.

    ONNX orders the gates i o f c and adds two biases; the second is zero.
    Source: https://onnx.ai/onnx/operators/onnx__LSTM.html
    """
    kernel, recurrent_kernel, bias = map(_reorder_gates, lstm_weights(layer))
    biases = np.concatenate([bias, np.zeros_like(bias)])
    return kernel.T[np.newaxis], recurrent_kernel.T[np.newaxis], biases[np.newaxis]


def _reorder_gates(weight: np.ndarray) -> np.ndarray:
    i, f, c, o = np.split(weight, 4, axis=-1)
    return np.concatenate([i, o, f, c], axis=-1)


_LAYERS: dict[type[keras.Layer], Callable[[OnnxGraph, keras.Layer, Value], Value]] = {
    layers.Activation: _activate,
    layers.BatchNormalization: _batch_normalization,
    layers.Conv2D: _conv_2d,
    layers.Dense: _dense,
    layers.Flatten: _flatten,
    layers.LSTM: _lstm,
    layers.MaxPooling2D: _max_pooling_2d,
    layers.Reshape: _reshape,
}
