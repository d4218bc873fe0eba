"""A model's epochs, each as one TensorFlow graph over arrays that lie in memory.

What Keras' `fit` computes, with the same numbers, without its work in Python at every step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

VALIDATION_BATCH = 256


class Fitter:
    """Trains a compiled model epoch by epoch.

    Args:
        model: softmax output; its optimizer is used, its loss is not.
        batch_size: windows a step; the last step of an epoch takes what is left.
    """

    def __init__(self, model: keras.Model, batch_size: int) -> None:
        import tensorflow as tf

        self._model, self._batch_size = model, batch_size
        model.optimizer.build(model.trainable_variables)
        self._train = tf.function(self._train_graph, reduce_retracing=True)
        self._validate = tf.function(self._validate_graph, reduce_retracing=True)

    def steps(self, segments: int) -> int:
        """Steps of an epoch over so many segments."""
        return -(-segments // self._batch_size)

    def epoch(self, features: np.ndarray, targets: np.ndarray, rates: np.ndarray) -> dict[str, float]:
        """Take every step of one epoch, in the order of the arrays.

        Args:
            features: float32 [shape=(n, frames, n_mfcc)].
            targets: probabilities float32 [shape=(n, classes)].
            rates: the learning rate of each step [shape=(steps(n),)].

        Returns:
            {"loss", "accuracy"}: means over the epoch's segments, of the model as it was at each step.
        """
        loss, right = self._train(features, targets, rates.astype(np.float32))
        return {"loss": float(loss) / len(features), "accuracy": float(right) / len(features)}

    def validate(self, features: np.ndarray, targets: np.ndarray) -> dict[str, float]:
        """{"val_loss", "val_accuracy"} of the model as it is."""
        loss, right = self._validate(features, targets)
        return {"val_loss": float(loss) / len(features), "val_accuracy": float(right) / len(features)}

    def _train_graph(self, features: tf.Tensor, targets: tf.Tensor, rates: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        import tensorflow as tf

        loss, right = tf.constant(0.0), tf.constant(0.0)
        for step in tf.range(tf.shape(rates)[0]):
            part = slice(step * self._batch_size, (step + 1) * self._batch_size)
            self._model.optimizer.learning_rate.assign(rates[step])
            step_loss, step_right = self._step(features[part], targets[part])
            loss, right = loss + step_loss, right + step_right
        return loss, right

    def _step(self, features: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            probabilities = self._model(features, training=True)
            loss = self._loss(probabilities, targets)
        weights = self._model.trainable_variables
        self._model.optimizer.apply(tape.gradient(loss, weights), weights)
        return loss * tf.cast(tf.shape(features)[0], tf.float32), _right(probabilities, targets)

    def _loss(self, probabilities: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """Mean cross-entropy with the penalties of the model's layers."""
        import keras
        import tensorflow as tf

        loss = tf.reduce_mean(keras.losses.categorical_crossentropy(targets, probabilities))
        return tf.add_n([loss, *self._model.losses])

    def _validate_graph(self, features: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        import tensorflow as tf

        loss, right = tf.constant(0.0), tf.constant(0.0)
        for start in tf.range(0, tf.shape(features)[0], VALIDATION_BATCH):
            part = slice(start, start + VALIDATION_BATCH)
            probabilities = self._model(features[part], training=False)
            size = tf.cast(tf.shape(probabilities)[0], tf.float32)
            loss += size * self._loss(probabilities, targets[part])
            right += _right(probabilities, targets[part])
        return loss, right


def _right(probabilities: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """How many rows have their largest probability where their target has it."""
    import tensorflow as tf

    return tf.reduce_sum(tf.cast(tf.argmax(probabilities, 1) == tf.argmax(targets, 1), tf.float32))
