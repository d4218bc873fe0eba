"""Counts multiply-accumulates of a Keras model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

# What these do to a window is no product of sums: it moves, compares, scales or adds numbers one by one.
FREE = (
    "InputLayer", "Flatten", "Reshape", "Permute", "RepeatVector", "Masking", "Identity", "Activation", "ReLU",
    "LeakyReLU", "PReLU", "ELU", "Softmax", "Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianNoise",
    "GaussianDropout", "AlphaDropout", "ActivityRegularization", "MaxPooling1D", "MaxPooling2D", "AveragePooling1D",
    "AveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalAveragePooling1D",
    "GlobalAveragePooling2D", "BatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization",
    "Normalization", "Rescaling", "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate",
    "ZeroPadding1D", "ZeroPadding2D", "Cropping1D", "Cropping2D", "UpSampling1D", "UpSampling2D",
)  # fmt: skip


def count_macs(model: keras.Model) -> int | None:
    """Multiply-accumulates of one window; None where `macs_notes` names a layer."""
    return None if macs_notes(model) else sum(_layer_macs(layer) or 0 for layer in model.layers)


def macs_notes(model: keras.Model) -> tuple[str, ...]:
    """What a description says where they cannot be counted."""
    unknown = [f"{layer.name} ({type(layer).__name__})" for layer in model.layers if _layer_macs(layer) is None]
    return (f"Its multiply-accumulates are not counted, because of {', '.join(unknown)}.",) if unknown else ()


def _layer_macs(layer: keras.Layer) -> int | None:
    """None of a layer that is not known, or stands in several places of the model."""
    from keras import layers

    kind = type(layer)
    if kind in {getattr(layers, name) for name in FREE}:
        return 0
    if len(layer._inbound_nodes) != 1:  # used several times; Keras says it nowhere else
        return None
    given, made = layer.input.shape[1:], layer.output.shape[1:]
    if kind in (layers.Dense, layers.Conv1D, layers.Conv2D, layers.DepthwiseConv1D, layers.DepthwiseConv2D):
        # Each position of the output costs the whole kernel once.
        return int(math.prod(made[:-1]) * math.prod(layer.kernel.shape))
    if kind in (layers.SeparableConv1D, layers.SeparableConv2D):
        kernels = layer.depthwise_kernel, layer.pointwise_kernel
        return int(math.prod(made[:-1]) * sum(math.prod(kernel.shape) for kernel in kernels))
    if kind in (layers.Conv1DTranspose, layers.Conv2DTranspose):
        return int(math.prod(given[:-1]) * math.prod(layer.kernel.shape))
    if kind in (layers.LSTM, layers.GRU, layers.SimpleRNN):
        kernels = layer.cell.kernel, layer.cell.recurrent_kernel
        return int(given[0] * sum(math.prod(kernel.shape) for kernel in kernels))
    return None
