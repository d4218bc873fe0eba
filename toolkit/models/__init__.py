"""The registry of the four architectures.

To add one: a module with ``build(input_shape, classes)`` in this folder, an entry in `MODELS`, its parameter count in
the tests.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...runtime.errors import ParameterError
from . import cnn, lstm, mlp

if TYPE_CHECKING:
    import keras


@dataclasses.dataclass(frozen=True)
class ModelSpec:
    """One architecture; `build`: (input_shape=(frames, n_mfcc), classes) -> an untrained, uncompiled keras.Model."""

    name: str
    build: Callable[[tuple[int, int], int], keras.Model]
    summary: str
    reference: str


PAPER = "Khamees, Hejazi, Alshurideh, Salloum: Classifying Audio Music Genres Using CNN and RNN"

MODELS = {
    spec.name: spec
    for spec in (
        ModelSpec("mlp", mlp.build, "dense 512, 256, 64", f"{PAPER}: multi-sequential"),
        ModelSpec(
            "mlp-regularized",
            functools.partial(mlp.build, regularized=True),
            "dense 512, 256, 64 with L2 0.001 and dropout 0.3",
            f"{PAPER}: multi-sequential, overfitting solved",
        ),
        ModelSpec("cnn", cnn.build, "3 x (convolution, max-pooling, batch norm), dense 64", f"{PAPER}: CNN"),
        ModelSpec("lstm", lstm.build, "LSTM 64, LSTM 64, dense 64", f"{PAPER}: RNN-LSTM"),
    )
}


def model_spec(name: str) -> ModelSpec:
    """The entry of `name`; raises ParameterError with the names there are."""
    if name not in MODELS:
        raise ParameterError(f"model={name}: expected one of {', '.join(MODELS)}, or all")
    return MODELS[name]
