"""Multilayer perceptrons: plain, and with L2 and dropout against overfitting."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

HIDDEN = (512, 256, 64)
L2 = 0.001
DROPOUT = 0.3


def build(input_shape: tuple[int, int], classes: int, *, regularized: bool = False) -> keras.Model:
    """Dense layers over the flattened window: 1,014,218 parameters at (130, 13) and 10 classes.

    `regularized`: with L2 on each hidden layer's weights and dropout after it.
    """
    import keras
    from keras import layers

    hidden = []
    for units in HIDDEN:
        penalty = keras.regularizers.L2(L2) if regularized else None
        hidden.append(layers.Dense(units, activation="relu", kernel_regularizer=penalty))
        if regularized:
            hidden.append(layers.Dropout(DROPOUT))
    output = layers.Dense(classes, activation="softmax")
    name = "mlp-regularized" if regularized else "mlp"
    return keras.Sequential([keras.Input(input_shape), layers.Flatten(), *hidden, output], name=name)
