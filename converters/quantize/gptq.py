"""Rounds weights with error feedback: what the layers put out stays close, rather than each weight.

Each row of a kernel is rounded in turn, and the rows that are still to come make up for its error as far as the inputs
seen in calibration allow. Source: Frantar et al., GPTQ (2022), algorithm 1.

What it is worth: the table of this package.
"""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from ..keras_graph.simplify import simplify
from .weight_grids import Float16Grid, GridRule, QuantizationGrid

DAMPING = 0.01  # of the mean squared input; keeps inputs that hardly vary from being trusted
BLOCK_ROWS = 128  # rows between two updates of the whole kernel: the result is the same, the time is not
BATCH = 64  # bounds the memory of one call of Keras


def rounded_copy(model: keras.Model, features: np.ndarray, rule: GridRule) -> keras.Model:
    """A simplified copy of `model` whose dense, convolution and LSTM weights lie on the grid of `rule`.

    A converter that quantises by the same grid changes them no further. `features` are what the model is fed with,
    float32 [shape=(n, frames, n_mfcc)].
    """
    copy = simplify(model, None)
    for layer in copy.layers:
        if isinstance(layer, (layers.Dense, layers.LSTM)) or (isinstance(layer, layers.Conv2D) and layer.groups == 1):
            _round_layer(copy, layer, features, rule)
    return copy


def _round_layer(model: keras.Model, layer: keras.Layer, features: np.ndarray, rule: GridRule) -> None:
    kernels = [weight.reshape(-1, weight.shape[-1]).astype(np.float64) for weight in layer.get_weights()]
    bias = [kernels.pop().reshape(1, -1)] if layer.use_bias else []
    grid = rule(layer, kernels)
    if grid is None:
        return
    rows = _feed_back(np.concatenate(kernels + bias), _inputs(layer, input_of(model, layer, features)), grid)
    shapes = [weight.shape for weight in layer.weights]
    ends = np.cumsum([math.prod(shape[:-1]) for shape in shapes])[:-1]
    layer.set_weights([part.reshape(shape) for part, shape in zip(np.split(rows, ends), shapes, strict=True)])


def input_of(model: keras.Model, layer: keras.Layer, features: np.ndarray) -> np.ndarray:
    """What `layer` of `model` reads when that is fed with `features`: float32 [shape=(n, ...)]."""
    inputs: np.ndarray = keras.Model(model.inputs, layer.input).predict(features, batch_size=BATCH, verbose=0)
    return inputs


def _inputs(layer: keras.Layer, x: np.ndarray) -> np.ndarray:
    """What each product of `layer` with its weights is made of [shape=(products, rows)]."""
    if isinstance(layer, layers.Conv2D):
        x = tf.image.extract_patches(
            x,
            sizes=[1, *layer.kernel_size, 1],
            strides=[1, *layer.strides, 1],
            rates=[1, *layer.dilation_rate, 1],
            padding=layer.padding.upper(),
        ).numpy()
    if isinstance(layer, layers.LSTM):
        x = np.concatenate([x, _states_before(layer, x)], axis=-1)
    products = x.reshape(-1, x.shape[-1]).astype(np.float64)
    # The bias comes last, so that it can make up for all others.
    return np.pad(products, ((0, 0), (0, 1)), constant_values=1.0) if layer.use_bias else products


def _states_before(layer: layers.LSTM, x: np.ndarray) -> np.ndarray:
    """The output that each frame is combined with [shape=(n, frames, units)]: that of the frame before."""
    sequences = layers.LSTM.from_config({**layer.get_config(), "return_sequences": True})
    sequences.build(x.shape)
    sequences.set_weights(layer.get_weights())
    return np.pad(sequences(x).numpy(), ((0, 0), (1, 0), (0, 0)))[:, :-1]


def _feed_back(weights: np.ndarray, inputs: np.ndarray, grid: QuantizationGrid | Float16Grid) -> np.ndarray:
    """`weights` [shape=(rows, units)] for `inputs` [shape=(products, rows)], rounded to `grid`."""
    originals, weights = weights, weights.copy()
    feedback = _feedback(inputs)
    rounded = np.empty_like(weights)
    for start in range(0, len(weights), BLOCK_ROWS):
        block = slice(start, min(start + BLOCK_ROWS, len(weights)))
        errors = np.empty_like(weights[block])
        for row in range(block.start, block.stop):
            rounded[row] = grid.round(row, weights[row], originals[row])
            error = errors[row - start] = (weights[row] - rounded[row]) / feedback[row, row]
            weights[row + 1 : block.stop] -= np.outer(feedback[row, row + 1 : block.stop], error)
        weights[block.stop :] -= feedback[block, block.stop :].T @ errors
    return rounded


def _feedback(inputs: np.ndarray) -> np.ndarray:
    """Upper Cholesky factor of the inverse of the inputs' second moments [shape=(rows, rows)]."""
    moments = inputs.T @ inputs / len(inputs)
    moments[np.diag_indices_from(moments)] += DAMPING * np.trace(moments) / len(moments) or 1.0
    return np.linalg.cholesky(np.linalg.inv(moments)).T
