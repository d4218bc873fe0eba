"""Multilayer perceptrons: plain, and with L2 and dropout against overfitting."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

HIDDEN = (512, 256, 64)
L2 = 0.001
DROPOUT = 0.3


def build(input_shape: tuple[int, int], classes: int) -> keras.Model:
    """Dense layers over the flattened window: 1,014,218 parameters at (130, 13) and 10 classes."""
    return _perceptron("mlp", input_shape, classes, l2=None, dropout=None)


def build_regularized(input_shape: tuple[int, int], classes: int) -> keras.Model:
    """The same layers; L2 on each hidden layer's weights and dropout after it."""
    return _perceptron("mlp-regularized", input_shape, classes, L2, DROPOUT)


def _perceptron(
    name: str, input_shape: tuple[int, int], classes: int, l2: float | None, dropout: float | None
) -> keras.Model:
    import keras
    from keras import layers

    hidden = []
    for units in HIDDEN:
        penalty = keras.regularizers.L2(l2) if l2 else None
        hidden.append(layers.Dense(units, activation="relu", kernel_regularizer=penalty))
        if dropout:
            hidden.append(layers.Dropout(dropout))
    output = layers.Dense(classes, activation="softmax")
    return keras.Sequential([keras.Input(input_shape), layers.Flatten(), *hidden, output], name=name)
