"""A sequential model's output as training computes it: Keras' layers, but LSTM layers as one TensorFlow operation.

Keras runs an LSTM on the CPU as a loop with a dozen operations a frame; `BlockLSTM` computes the same, but for
rounding, in one. Not `BlockLSTMV2`: TensorFlow gives it the gradient of the other, whose gates stand in another order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


def forward(model: keras.Sequential, features: tf.Tensor, *, training: bool) -> tf.Tensor:
    """The output of `model` on `features` [shape=(n, frames, n_mfcc)]: [shape=(n, classes)]."""
    import keras

    output = features
    for layer in model.layers:
        output = _lstm(layer, output) if isinstance(layer, keras.layers.LSTM) else layer(output, training=training)
    return output


def _lstm(layer: keras.layers.LSTM, inputs: tf.Tensor) -> tf.Tensor:
    """A layer with Keras' own activations and no dropout: [n, frames, inputs] -> [n, frames, units] or [n, units]."""
    import tensorflow as tf

    def reordered(weights: tf.Tensor) -> tf.Tensor:
        """Keras orders the gates as input, forget, cell, output; the operation as input, cell, forget, output."""
        entry, forget, candidate, output = tf.split(weights, 4, axis=-1)
        return tf.concat([entry, candidate, forget, output], axis=-1)

    cell = layer.cell
    inputs = tf.transpose(inputs, (1, 0, 2))
    state = tf.zeros((tf.shape(inputs)[1], layer.units))
    no_peephole = tf.zeros(layer.units)
    output = tf.raw_ops.BlockLSTM(
        seq_len_max=tf.shape(inputs, tf.int64)[0],
        x=inputs,
        cs_prev=state,
        h_prev=state,
        w=reordered(tf.concat([cell.kernel.value, cell.recurrent_kernel.value], axis=0)),
        wci=no_peephole,
        wcf=no_peephole,
        wco=no_peephole,
        b=reordered(cell.bias.value),
        forget_bias=0,
        cell_clip=-1,
    ).h
    return tf.transpose(output, (1, 0, 2)) if layer.return_sequences else output[-1]
