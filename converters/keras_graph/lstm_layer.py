"""What every format needs of a Keras LSTM: that it can be one operator, and its weights."""

from __future__ import annotations

import keras
import numpy as np

from ...runtime.errors import UnsupportedModelError

# What the fused operators compute; anything else would need a loop.
_FUSED = {
    "activation": keras.activations.tanh,
    "recurrent_activation": keras.activations.sigmoid,
    "go_backwards": False,
    "stateful": False,
    "return_state": False,
}


def check_lstm(layer: keras.layers.LSTM) -> None:
    """Raises UnsupportedModelError where `layer` computes something else than the fused operators do."""
    for option, expected in _FUSED.items():
        received = getattr(layer, option)
        if received != expected:
            name = getattr(expected, "__name__", expected)
            raise UnsupportedModelError(
                f"layer {layer.name}: expected an LSTM with {option}={name}, received "
                f"{getattr(received, '__name__', received)}; train it with Keras' defaults"
            )


def lstm_weights(layer: keras.layers.LSTM) -> list[np.ndarray]:
    """[kernel (inputs, 4 units), recurrent kernel (units, 4 units), bias (4 units,)], gates in Keras' order i f c o."""
    weights = layer.get_weights()
    return weights if layer.use_bias else [*weights, np.zeros(4 * layer.units, np.float32)]
