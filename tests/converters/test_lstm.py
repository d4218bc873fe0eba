import keras
import numpy as np
import pytest
from keras import layers

from genrekit.converters.keras_graph.lstm_layer import check_lstm, lstm_weights
from genrekit.converters.onnx.layers import onnx_lstm_weights
from genrekit.converters.tflite.fused_lstm import FusedLSTM
from genrekit.runtime.errors import UnsupportedModelError

UNITS = 5
FEATURES = np.random.default_rng(0).normal(size=(2, 11, 3)).astype(np.float32)


def built(**options):
    layer = layers.LSTM(UNITS, bias_initializer="random_normal", **options)
    layer.build(FEATURES.shape)
    return layer


@pytest.mark.parametrize("options", [{}, {"return_sequences": True}, {"use_bias": False}])
def test_the_restated_layer_computes_the_same(options):
    layer = built(**options)
    fused = FusedLSTM(layer)
    fused.build(FEATURES.shape)
    fused.set_weights(lstm_weights(layer))
    expected = layer(FEATURES).numpy()
    np.testing.assert_allclose(fused(FEATURES).numpy(), expected, atol=1e-6)
    assert fused.compute_output_shape(FEATURES.shape) == expected.shape


def test_onnx_weights_follow_its_definition():
    """The recurrence written from ONNX's page on the operator, with its order of gates i o f c."""
    layer = built()
    w, r, b = (weight[0].astype(np.float64) for weight in onnx_lstm_weights(layer))
    h = c = np.zeros((2, UNITS))
    for frame in FEATURES.transpose(1, 0, 2):
        gates = frame @ w.T + h @ r.T + b[: 4 * UNITS] + b[4 * UNITS :]
        i, o, f = (1 / (1 + np.exp(-gates[:, UNITS * k : UNITS * (k + 1)])) for k in range(3))
        c = f * c + i * np.tanh(gates[:, 3 * UNITS :])
        h = o * np.tanh(c)
    np.testing.assert_allclose(h, layer(FEATURES).numpy(), atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"activation": "relu"}, "activation=tanh, received relu"),
        ({"recurrent_activation": "hard_sigmoid"}, "recurrent_activation=sigmoid"),
        ({"go_backwards": True}, "go_backwards=False, received True"),
        ({"return_state": True}, "return_state=False"),
        ({"stateful": True}, "stateful=False"),
    ],
)
def test_other_lstm_are_refused_by_name(options, message):
    with pytest.raises(UnsupportedModelError, match=f"layer memory: expected an LSTM with {message}"):
        check_lstm(keras.layers.LSTM(UNITS, name="memory", **options))
