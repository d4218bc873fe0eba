"""Restates a model of raw MFCC for scaled ones, which whole numbers hold better, and sums of float32 too.

What is done to the features is undone by the weights of the first layer, so that the predictions stay the same.

What it is worth: the table of the package quantize.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import layers

from ...runtime.modelfile.description import Normalization
from .simplify import chain, copy_layer, sequential

# Layers that only rearrange values or do nothing.
_PASSED = (layers.InputLayer, layers.Dropout, layers.Flatten, layers.Reshape)
_SMALLEST_STD = 1e-3  # of a coefficient that hardly varies

NOTE = (
    "Trained on raw MFCC; takes centred ones, divided by the root of their standard deviation, which the weights of "
    "the first layer undo."
)


def balancing(features: np.ndarray) -> Normalization:
    """Mean, and root of the standard deviation, of each coefficient of `features` [shape=(n, frames, n_mfcc)].

    Half of the difference between the coefficients is left in the features and half goes into the weights, so that
    neither has to hold all of it. Source: Xiao et al., SmoothQuant (2023), equation 4 with alpha = 0.5.
    """
    mean: np.ndarray = features.mean(axis=(0, 1), dtype=np.float64)
    std: np.ndarray = features.std(axis=(0, 1), dtype=np.float64)
    return Normalization(tuple(mean.tolist()), tuple(np.sqrt(np.maximum(std, _SMALLEST_STD)).tolist()))


def for_normalised(model: keras.Model, normalization: Normalization) -> keras.Model | None:
    """A model that makes of normalised features what `model` makes of raw ones; None where no exact one is known.

    A convolution over the coefficients becomes one with kernels for each position among them, because they are scaled
    differently; it has more weights and takes more multiply-accumulates.
    """
    stages = chain(model) or []
    first = next((layer for layer in stages if not isinstance(layer, _PASSED)), None)
    if first is None or (restate := _restating(first, len(normalization.mean))) is None:
        return None
    weights = {layer.name: layer.get_weights() for layer in stages}
    mean, std = np.array(normalization.mean), np.array(normalization.std)
    restated, weights[first.name] = restate(first, weights[first.name], mean, std)
    copies = [copy for layer in stages for copy in (restated if layer is first else [copy_layer(layer)])]
    return sequential(model.name, model.input_shape[1:], copies, weights)


Restated = tuple[list[keras.Layer], list[np.ndarray]]
Restate = Callable[[keras.Layer, list[np.ndarray], np.ndarray, np.ndarray], Restated]


def _restating(layer: keras.Layer, n_mfcc: int) -> Restate | None:
    """How `layer` can be restated exactly, if it can."""
    if not getattr(layer, "use_bias", False):
        return None
    if type(layer) in (layers.Dense, layers.LSTM) and layer.input.shape[-1] % n_mfcc == 0:
        return _scale_rows
    over_coefficients = isinstance(layer, layers.Conv2D) and layer.input.shape[2:] == (n_mfcc, 1)
    if over_coefficients and layer.padding == "valid" and layer.dilation_rate == (1, 1):
        return _expand
    return None


def _scale_rows(layer: keras.Layer, weights: list[np.ndarray], mean: np.ndarray, std: np.ndarray) -> Restated:
    """Of dense and LSTM layers: each row of the kernel reads one coefficient, of one frame or of any."""
    kernel, *others, bias = weights
    frames = len(kernel) // len(mean)
    scaled = kernel * np.tile(std, frames)[:, np.newaxis]
    return [copy_layer(layer)], [scaled, *others, bias + np.tile(mean, frames) @ kernel.astype(np.float64)]


def _expand(layer: layers.Conv2D, weights: list[np.ndarray], mean: np.ndarray, std: np.ndarray) -> Restated:
    """Of a convolution over time and coefficients: one over time alone, with kernels for each position among them."""
    kernel, bias = weights
    (height, width, _, filters), stride = kernel.shape, layer.strides[1]
    positions = (len(mean) - width) // stride + 1
    wide = np.zeros((height, len(mean), 1, positions, filters))
    biases = np.empty((positions, filters))
    for position in range(positions):
        read = slice(position * stride, position * stride + width)
        wide[:, read, :, position] = kernel * std[read, np.newaxis, np.newaxis]
        biases[position] = bias + np.einsum("hwcf,w->f", kernel, mean[read])
    configured = {"filters": positions * filters, "kernel_size": (height, len(mean)), "strides": (layer.strides[0], 1)}
    convolution = layers.Conv2D.from_config({**layer.get_config(), **configured})
    rows = layer.output.shape[1]
    reshape = layers.Reshape((rows, positions, filters), name=f"{layer.name}_places")
    return [convolution, reshape], [wide.reshape(height, len(mean), 1, -1), biases.ravel()]
