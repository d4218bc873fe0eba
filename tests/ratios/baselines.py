"""The plain ways to convert a Keras model, which ours are compared with: TensorFlow's and Keras' own, as they come."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import keras
import tensorflow as tf

from genrekit.runtime.util.native_output import held_back


def plain_tflite(model: keras.Model) -> bytes:
    """`model` through a SavedModel and TensorFlow's converter, float32; an LSTM becomes a WHILE.

    With a batch of one: left open, TFLite cannot hold the LSTM's lists.
    """
    with tempfile.TemporaryDirectory() as folder, held_back():
        model.export(folder, format="tf_saved_model", input_signature=_signature(model, 1), verbose=False)
        return tf.lite.TFLiteConverter.from_saved_model(folder).convert()


def keras_onnx(model: keras.Model) -> bytes:
    """`model` through ``model.export(format="onnx")``, float32; the batch stays open, as Keras leaves it."""
    with tempfile.TemporaryDirectory() as folder, held_back(), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # Keras asks numpy for names that it no longer has
        path = Path(folder) / "model.onnx"
        model.export(path, format="onnx", input_signature=_signature(model, None), verbose=False)
        return path.read_bytes()


def _signature(model: keras.Model, batch: int | None) -> list[keras.InputSpec]:
    return [keras.InputSpec(shape=(batch, *model.input_shape[1:]), dtype="float32")]
