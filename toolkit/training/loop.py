"""A model's epochs, each as one TensorFlow graph over arrays that lie in memory.

What Keras' `fit` and Adam compute, but for rounding, without Python at every step, with each weight read and written
once a step, and with LSTM layers as one operation. It is kept for the time of an epoch, as a fraction of that of plain
Keras (`model.fit`), and because the state after each epoch, which `checkpoint` saves, is all in its hands:

==================  ====
mlp                 0.38
mlp-regularized     0.43
cnn                 0.66
lstm                0.68
==================  ====

Measured by ``python -m tests.ratios`` on two cores of an AMD EPYC.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

VALIDATION_BATCH = 256
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7


class Fitter:
    """Trains a softmax model epoch by epoch with Adam (Kingma and Ba, 2015; constants as in Keras).

    The last step of an epoch takes what is left of it.
    """

    def __init__(self, model: keras.Model, batch_size: int) -> None:
        import tensorflow as tf

        self._model, self._batch_size = model, batch_size
        self._moments = [(tf.Variable(tf.zeros(w.shape)), tf.Variable(tf.zeros(w.shape))) for w in self._weights]
        self._steps = tf.Variable(0.0)
        self._train = tf.function(self._train_graph, reduce_retracing=True)
        self._validate = tf.function(self._validate_graph, reduce_retracing=True)

    @property
    def _weights(self) -> list[Any]:
        weights: list[Any] = self._model.trainable_variables
        return weights

    @property
    def variables(self) -> list[Any]:
        """All that an epoch changes: the model's, with its dropout layers' random state, then Adam's."""
        return [*self._model.variables, self._steps, *(moment for pair in self._moments for moment in pair)]

    def steps(self, segments: int) -> int:
        """Steps of an epoch over so many segments."""
        return math.ceil(segments / self._batch_size)

    def epoch(self, features: np.ndarray, targets: np.ndarray, rates: np.ndarray) -> tuple[float, float]:
        """Take every step of one epoch, in the order of the arrays.

        Args:
            features: float32 [shape=(n, frames, n_mfcc)].
            targets: probabilities float32 [shape=(n, classes)].
            rates: the learning rate of each step [shape=(steps(n),)].

        Returns:
            Loss and accuracy: means over the epoch's segments, of the model as it was at each step.
        """
        loss, right = self._train(features, targets, rates.astype(np.float32)).numpy()
        return float(loss) / len(features), float(right) / len(features)

    def validate(self, features: np.ndarray, targets: np.ndarray) -> tuple[float, float]:
        """Loss and accuracy of the model as it is."""
        loss, right = self._validate(features, targets).numpy()
        return float(loss) / len(features), float(right) / len(features)

    def _train_graph(self, features: tf.Tensor, targets: tf.Tensor, rates: tf.Tensor) -> tf.Tensor:
        import tensorflow as tf

        sums = tf.zeros(2)
        for step in tf.range(tf.shape(rates)[0]):
            part = slice(step * self._batch_size, (step + 1) * self._batch_size)
            sums += self._step(features[part], targets[part], rates[step])
        return sums

    def _step(self, features: tf.Tensor, targets: tf.Tensor, rate: tf.Tensor) -> tf.Tensor:
        """One step on a batch; returns the sum of its losses and how many were right."""
        import tensorflow as tf

        with tf.GradientTape() as tape:
            probabilities = forward(self._model, features, training=True)
            loss = self._loss(probabilities, targets)
        self._adam(tape.gradient(loss, [weight.value for weight in self._weights]), rate)
        return self._sums(loss, probabilities, targets)

    def _adam(self, gradients: list[tf.Tensor], rate: tf.Tensor) -> None:
        import tensorflow as tf

        steps = self._steps.assign_add(1.0)
        for weight, gradient, (first, second) in zip(self._weights, gradients, self._moments, strict=True):
            tf.raw_ops.ResourceApplyAdam(
                var=weight.value.handle,
                m=first.handle,
                v=second.handle,
                beta1_power=BETA_1**steps,
                beta2_power=BETA_2**steps,
                lr=rate,
                beta1=BETA_1,
                beta2=BETA_2,
                epsilon=EPSILON,
                grad=gradient,
            )

    def _loss(self, probabilities: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """Mean cross-entropy with the penalties of the model's layers."""
        import keras
        import tensorflow as tf

        loss = tf.reduce_mean(keras.losses.categorical_crossentropy(targets, probabilities))
        return tf.add_n([loss, *self._model.losses])

    def _validate_graph(self, features: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        import tensorflow as tf

        sums = tf.zeros(2)
        for start in tf.range(0, tf.shape(features)[0], VALIDATION_BATCH):
            part = slice(start, start + VALIDATION_BATCH)
            probabilities = forward(self._model, features[part], training=False)
            sums += self._sums(self._loss(probabilities, targets[part]), probabilities, targets[part])
        return sums

    @staticmethod
    def _sums(loss: tf.Tensor, probabilities: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """The sum of a batch's losses, and how many rows have their largest value where their target has it."""
        import tensorflow as tf

        right = tf.cast(tf.argmax(probabilities, 1) == tf.argmax(targets, 1), tf.float32)
        return tf.stack([loss * tf.cast(tf.size(right), tf.float32), tf.reduce_sum(right)])


def forward(model: keras.Sequential, features: tf.Tensor, *, training: bool) -> tf.Tensor:
    """The output of `model` on `features` [shape=(n, frames, n_mfcc)]: [shape=(n, classes)].

    Keras runs an LSTM on the CPU as a loop with a dozen operations a frame; `BlockLSTM` computes the same, but for
    rounding, in one. Not `BlockLSTMV2`: TensorFlow gives it the gradient of the other, whose gates stand in another
    order.
    """
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
