"""Two LSTM layers over the frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def build(input_shape: tuple[int, int], classes: int) -> keras.Model:
    """LSTM 64 over the sequence, LSTM 64 to its end, a dense layer: 57,802 parameters at 13 MFCC and 10 classes."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.LSTM(64, return_sequences=True),
            layers.LSTM(64),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(classes, activation="softmax"),
        ],
        name="lstm",
    )
