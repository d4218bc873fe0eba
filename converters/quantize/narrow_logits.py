"""Restates what feeds a softmax, so that whole numbers tell close labels apart; worth it: the package's table."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from ..keras_graph.simplify import chain, copy_layer, sequential, simplify
from .gptq import input_of

# e ** -16 is 1e-7: logits that far below the largest do not count.
NEGLIGIBLE = 16.0
RIDGE = 1e-2  # of the mean squared input; keeps inputs that hardly vary from being trusted
WORTHWHILE = 0.9  # of the step before; what a smaller gain is worth is not certain


def with_narrow_logits(model: keras.Model, features: np.ndarray) -> keras.Model:
    """A simplified copy of `model` whose logits span a narrow range, so that close ones are told apart.

    A softmax does not change when one number is subtracted from all logits. That number is here a linear function of
    what the last layer reads, fitted to the largest logit; then the large ones lie close to zero, and a ReLU cuts off
    those that are negligible beside them. `model` itself where it does not end in a dense layer with a softmax, or
    where nothing is gained. `features` are what it is fed with, float32 [shape=(n, frames, n_mfcc)].
    """
    copy = simplify(model, None)
    stages = chain(copy)
    if not stages or not isinstance(stages[-1], layers.Dense) or len(stages[-1].input.shape) != 2:
        return model
    last = stages[-1]
    if last.activation is not keras.activations.softmax or not last.use_bias:
        return model
    kernel, bias = last.get_weights()
    kernel, bias = kernel.astype(np.float64), bias.astype(np.float64)
    inputs = input_of(copy, last, features)
    logits = inputs @ kernel + bias
    slope, offset = _fitted(inputs, logits.max(axis=-1))
    kernel, bias = kernel - slope[:, np.newaxis], bias - offset
    shifted = inputs @ kernel + bias
    # Other windows may lie twice as far from the fit as the farthest of these.
    floor = max(shifted.min(), 2 * min(shifted.max(axis=-1).min(), 0) - NEGLIGIBLE)
    if shifted.max() - floor > WORTHWHILE * np.ptp(logits):
        return model
    configured = {**last.get_config(), "activation": "relu"}
    ends = [layers.Dense.from_config(configured), layers.Activation("softmax", name=f"{last.name}_softmax")]
    weights = {layer.name: layer.get_weights() for layer in stages} | {last.name: [kernel, bias - floor]}
    return sequential(copy.name, copy.input_shape[1:], [*map(copy_layer, stages[:-1]), *ends], weights)


def _fitted(inputs: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, float]:
    """Slope [shape=(units,)] and offset of the linear function of `inputs` that is closest to `target`."""
    rows = np.pad(inputs, ((0, 0), (0, 1)), constant_values=1.0)
    moments = rows.T @ rows
    moments[np.diag_indices_from(moments)] += RIDGE * np.trace(moments) / len(moments)
    *slope, offset = np.linalg.solve(moments, rows.T @ target)
    return np.array(slope), float(offset)
