"""Counts multiply-accumulates of a Keras model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def count_macs(model: keras.Model) -> int:
    """Multiply-accumulates of one window: dense, convolution and LSTM layers; all others count as zero."""
    return sum(_layer_macs(layer) for layer in model.layers)


def _layer_macs(layer: keras.Layer) -> int:
    from keras import layers

    if isinstance(layer, (layers.Dense, layers.Conv1D, layers.Conv2D)):
        # Each output value of a position costs one column of the kernel.
        positions = math.prod(layer.output.shape[1:-1])
        return positions * math.prod(layer.kernel.shape)
    if isinstance(layer, layers.LSTM):
        frames = layer.input.shape[1]
        return frames * (math.prod(layer.cell.kernel.shape) + math.prod(layer.cell.recurrent_kernel.shape))
    return 0
