"""Small nets that have every kind of layer between them: `python -m tests.c_nets FOLDER` writes them in C."""

from __future__ import annotations

import dataclasses
import itertools
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from genrekit.runtime.modelfile import tflite_tables
from genrekit.runtime.modelfile.tflite_tables import GraphTable

from .c_models import write_models


def weight(*shape):
    generator = np.random.default_rng(np.prod(shape))
    return generator.normal(0, 1 / np.sqrt(np.prod(shape[:-1])), shape).astype(np.float32)


def padded_net(x):
    """Kernels that reach beyond the input, units and channels that no vector divides."""
    import tensorflow as tf

    first = tf.nn.relu6(tf.nn.conv2d(x, 4 * weight(3, 3, 3, 21), 1, "SAME") + weight(21))
    pooled = tf.nn.max_pool2d(first, (3, 2), 2, "SAME")
    depthwise = tf.nn.relu(tf.nn.depthwise_conv2d(pooled, weight(3, 3, 21, 1), (1, 1, 1, 1), "SAME") + weight(21))
    added = pooled + depthwise
    second = tf.nn.conv2d(added, weight(2, 1, 21, 37), (2, 1), "SAME") + weight(37)
    average = tf.nn.avg_pool2d(second, (3, 2), (2, 1), "SAME")
    dense = tf.nn.relu(tf.reshape(average, (1, -1)) @ weight(np.prod(average.shape), 33) + weight(33))
    logits = dense @ (5 * weight(33, 5))
    mean = tf.reduce_mean(second, (1, 2))
    return [first, pooled, depthwise, added, second, average, dense, logits, tf.nn.softmax(logits), mean]


def whole_net(x):
    """Kernels that stay within the input, strides, several units for a channel, and softmax in rows."""
    import tensorflow as tf

    first = tf.nn.conv2d(x, weight(5, 3, 3, 16), (2, 1), "VALID")
    pooled = tf.nn.max_pool2d(first, 2, 1, "VALID")
    depthwise = tf.nn.relu6(tf.nn.depthwise_conv2d(pooled, 9 * weight(2, 3, 16, 3), (1, 2, 2, 1), "VALID") + weight(48))
    second = tf.nn.conv2d(depthwise, weight(1, 1, 48, 8), 1, "VALID") + weight(8)
    third = tf.nn.conv2d(depthwise, -5 * weight(1, 1, 48, 8), 1, "VALID") + weight(8)
    added = tf.nn.relu(second + third)
    average = tf.nn.avg_pool2d(added, (1, 2), 1, "VALID")
    rows = tf.nn.softmax(tf.reshape(third, (-1, 8)))
    return [first, pooled, depthwise, second, third, added, average, rows]


PRECISIONS = ("float32", "int8")
NETS = {"padded": (padded_net, (1, 13, 10, 3)), "whole": (whole_net, (1, 12, 9, 3)), "lstm": (None, (1, 9, 5))}


def lstm_model(precision, known):
    """Of units that neither four nor a vector divides."""
    import keras

    from genrekit.converters.tflite.convert import convert_tflite

    keras.utils.set_random_seed(1)
    first, second = keras.layers.LSTM(21, return_sequences=True), keras.layers.LSTM(6, bias_initializer="random_normal")
    model = keras.Sequential([keras.layers.Input(known.shape[2:]), first, second, keras.layers.Dense(40)])
    for weights in model.weights:
        weights.assign(3 * weights)
    return convert_tflite(model, precision, known[:, 0] if precision == "int8" else None).data


def model_of(name, precision):
    """The bytes of a .tflite, in float32 or int8; its outputs are those of all layers."""
    import tensorflow as tf

    net, shape = NETS[name]
    known = np.random.default_rng(0).normal(size=(20, *shape)).astype(np.float32)
    if net is None:
        return lstm_model(precision, known)
    function = tf.function(net, input_signature=[tf.TensorSpec(shape)])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    if precision == "int8":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([x] for x in known)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


def write_nets(folder: Path, graphs: Mapping[tuple[str, str], GraphTable]) -> list[Path]:
    """A source of each, by name and precision, as of `write_models`; it gives what the net's last layer gives."""
    last = {"_".join(key): dataclasses.replace(graph, outputs=graph.outputs[-1:]) for key, graph in graphs.items()}
    return write_models(folder, last)


if __name__ == "__main__":
    every = itertools.product(NETS, PRECISIONS)
    write_nets(Path(sys.argv[1]), {key: tflite_tables.read(model_of(*key))[0] for key in every})
