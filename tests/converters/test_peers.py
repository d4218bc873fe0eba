"""The peers predict what Keras does, in the plain way that ours are compared with."""

import numpy as np
import pytest

from ..ratios.baselines import keras_onnx, plain_tflite

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "file_format", "convert"), [("lstm", "tflite", plain_tflite), ("cnn", "onnx", keras_onnx)]
)
def test_a_peer_agrees_with_keras(name, file_format, convert, models, data, run):
    found = run(convert(models(name)), file_format, data.unknown[:20])
    np.testing.assert_allclose(found, models(name).predict(data.unknown[:20], verbose=0), atol=1e-5)


def test_the_plain_lstm_is_a_loop(models, ops):
    assert "WHILE" in ops(plain_tflite(models("lstm")), "tflite")
