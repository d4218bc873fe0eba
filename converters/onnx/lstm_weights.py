"""The weights of a Keras LSTM as ONNX's operator takes them."""

from __future__ import annotations

import keras
import numpy as np

from ..keras_graph.lstm_layer import lstm_weights


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
