"""The plain ways to convert a Keras model, which ours are compared with: TensorFlow's and Keras' own, as they come."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from genrekit.runtime.mfcc import DECIBELS, POWER_FLOOR, MfccConfig, dct_basis, hann_window, mel_weights
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


def one_matrix_tflite(config: MfccConfig) -> bytes:
    """The front end with the DFT as one matrix, as YAMNet and kws_streaming have it: samples (1, n) -> MFCC."""
    with held_back():
        return tf.lite.TFLiteConverter.from_concrete_functions([_one_matrix(config).get_concrete_function()]).convert()


def one_matrix_onnx(config: MfccConfig) -> bytes:
    """The same as ONNX."""
    import tf2onnx

    with held_back():
        function = _one_matrix(config)
        model, _ = tf2onnx.convert.from_function(function, function.input_signature, opset=17)
    return model.SerializeToString()


def _one_matrix(config: MfccConfig) -> tf.types.experimental.PolymorphicFunction:
    n_fft, hop, frames = config.n_fft, config.hop_length, config.window_frames
    slices = n_fft // hop
    angles = 2 * np.pi / n_fft * np.outer(np.arange(n_fft), np.arange(n_fft // 2 + 1))
    dft = hann_window(n_fft)[:, np.newaxis] * np.concatenate((np.cos(angles), np.sin(angles)), axis=1)
    mel, basis = mel_weights(config), DECIBELS * dct_basis(config.n_mels, config.n_mfcc)
    before, hops = n_fft // 2, frames + slices - 1

    @tf.function(input_signature=[tf.TensorSpec((1, config.window_samples), tf.float32, name="samples")])
    def front_end(samples: tf.Tensor) -> tf.Tensor:
        padded = tf.pad(samples[0], [[before, hops * hop - before - config.window_samples]])
        parts = tf.reshape(padded, (hops, hop))
        framed = tf.concat([parts[start : start + frames] for start in range(slices)], axis=1)
        real, imaginary = tf.split(tf.matmul(framed, dft.astype(np.float32)), 2, axis=1)
        power = tf.matmul(real * real + imaginary * imaginary, mel.astype(np.float32))
        log_mel = tf.math.log(tf.maximum(power, POWER_FLOOR))
        if config.top_db is not None:
            log_mel = tf.maximum(log_mel, tf.reduce_max(log_mel) - config.top_db / DECIBELS)
        return tf.matmul(log_mel, basis.astype(np.float32))[tf.newaxis]

    return front_end
