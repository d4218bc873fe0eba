"""The function of an LSTM layer that the TFLite converter fuses into one operator."""

from __future__ import annotations

import keras
import tensorflow as tf

from ...runtime.errors import UnsupportedModelError
from ..keras_graph.lstm_layer import check_lstm


class FusedLSTM(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
    """`keras.layers.LSTM` restated so that the TFLite converter makes one UNIDIRECTIONAL_SEQUENCE_LSTM of it.

    Takes features of fixed shape (batch, frames, inputs) and the weights of `lstm_weights`.
    """

    def __init__(self, layer: keras.layers.LSTM) -> None:
        check_lstm(layer)
        super().__init__(name=layer.name)
        self.units = layer.units
        self.return_sequences = layer.return_sequences

    def build(self, input_shape: tuple[int, int, int]) -> None:
        """Make room for the weights."""
        self.kernel = self.add_weight(shape=(input_shape[-1], 4 * self.units))
        self.recurrent_kernel = self.add_weight(shape=(self.units, 4 * self.units))
        self.bias = self.add_weight(shape=(4 * self.units,))

    def call(
        self, inputs: tf.Tensor, initial_state: object = None, mask: object = None, training: object = None
    ) -> tf.Tensor:
        """Outputs of every frame (batch, frames, units), or of the last one (batch, units).

        Raises:
            UnsupportedModelError: the layer is called with a state or a mask.
        """
        if initial_state is not None or mask is not None:
            raise UnsupportedModelError(
                f"layer {self.name}: expected an LSTM without initial state and mask; it starts each window afresh"
            )
        batch, frames, _ = inputs.shape
        state = tf.zeros((batch, self.units))
        weights = [tf.convert_to_tensor(weight) for weight in (self.kernel, self.recurrent_kernel, self.bias)]
        arguments = [inputs, state, state, *weights]
        # The attributes by which the TFLite converter knows an LSTM; without ``time_major`` it returns an empty model
        # and no error. Source: tensorflow/compiler/mlir/lite/transforms/prepare_composite_functions_tf.cc.
        fusable = tf.function(
            _lstm,
            input_signature=[tf.TensorSpec(argument.shape, argument.dtype) for argument in arguments],
            experimental_attributes={
                "api_implements": f"lstm_{self.name}",
                "api_preferred_device": "CPU",
                "time_major": False,
                "go_backwards": False,
            },
        )
        _, outputs, *_ = fusable(*arguments)
        if self.return_sequences:
            return outputs
        return tf.reshape(tf.slice(outputs, (0, frames - 1, 0), (batch, 1, self.units)), (batch, self.units))

    def compute_output_shape(self, input_shape: tuple[int, int, int]) -> tuple[int, ...]:
        """As Keras' own layer."""
        batch, frames, _ = input_shape
        return (batch, frames, self.units) if self.return_sequences else (batch, self.units)


def _lstm(
    inputs: tf.Tensor,
    init_h: tf.Tensor,
    init_c: tf.Tensor,
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor,
) -> tuple[tf.Tensor, ...]:
    """The last output, all outputs, h, c and a dummy: the five results that the converter expects of an LSTM."""

    def step(state: tuple[tf.Tensor, tf.Tensor], frame: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        h, c = state
        gates = tf.matmul(frame, kernel) + tf.matmul(h, recurrent_kernel) + bias
        i, f, candidate, o = tf.split(gates, 4, axis=-1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(candidate)
        return tf.sigmoid(o) * tf.tanh(c), c

    h, c = tf.scan(step, tf.transpose(inputs, (1, 0, 2)), (init_h, init_c))
    return h[-1], tf.transpose(h, (1, 0, 2)), h[-1], c[-1], tf.constant(0.0)
