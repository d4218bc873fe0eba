"""The max-pooling CNN over the window as a picture of one channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

SMALLEST = 11  # frames, and MFCC, of which the blocks leave one: 11 -> 9 -> 5 -> 3 -> 2 -> 1 -> 1


def build(input_shape: tuple[int, int], classes: int) -> keras.Model:
    """Three convolution blocks and a dense layer: 45,514 parameters at (130, 13) and 10 classes."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Reshape((*input_shape, 1)),
            *_block(kernel=3, pool=3),
            *_block(kernel=3, pool=3),
            *_block(kernel=2, pool=2),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(classes, activation="softmax"),
        ],
        name="cnn",
    )


def _block(kernel: int, pool: int) -> list[keras.Layer]:
    from keras import layers

    return [
        layers.Conv2D(32, kernel, activation="relu"),
        layers.MaxPooling2D(pool, strides=2, padding="same"),
        layers.BatchNormalization(),
    ]
