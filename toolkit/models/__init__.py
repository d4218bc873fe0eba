"""The registry of the four architectures.

To add one: a module with ``build(input_shape, classes)`` in this folder, an entry in `MODELS`, its parameter count in
the tests.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...runtime.errors import ParameterError
from ...runtime.mfcc import MfccConfig
from . import cnn, lstm, mlp

if TYPE_CHECKING:
    import keras


@dataclasses.dataclass(frozen=True)
class ModelSpec:
    """One architecture.

    Attributes:
        build: (input_shape=(frames, n_mfcc), classes) -> an untrained, uncompiled keras.Model.
        smallest: the fewest frames and MFCC that its layers take.
    """

    name: str
    build: Callable[[tuple[int, int], int], keras.Model]
    summary: str
    reference: str
    smallest: tuple[int, int] = (1, 1)

    def require_fits(self, config: MfccConfig) -> None:
        """Raises ParameterError where windows of this front end are too small for the layers."""
        frames, coefficients = self.smallest
        wrong, remedies = [], []
        if config.window_frames < frames:
            wrong.append(f"window_s={config.window_s:g} gives {config.window_frames} frames: expected {frames}")
            remedies.append(f"a window of at least {_shortest_window(config, frames)} s")
        if config.n_mfcc < coefficients:
            wrong.append(f"n_mfcc={config.n_mfcc}: expected {coefficients}")
            remedies.append(f"at least {coefficients} MFCC")
        if wrong:
            raise ParameterError(
                f"{', '.join(wrong)} or more for the layers of {self.name}; take {' and '.join(remedies)}, or train "
                "another architecture"
            )


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
        ModelSpec(
            "cnn",
            cnn.build,
            "3 x (convolution, max-pooling, batch norm), dense 64",
            f"{PAPER}: CNN",
            smallest=(cnn.SMALLEST, cnn.SMALLEST),
        ),
        ModelSpec("lstm", lstm.build, "LSTM 64, LSTM 64, dense 64", f"{PAPER}: RNN-LSTM"),
    )
}


def model_spec(name: str) -> ModelSpec:
    """The entry of `name`; raises ParameterError with the names there are."""
    if name not in MODELS:
        raise ParameterError(f"model={name}: expected one of {', '.join(MODELS)}, or all")
    return MODELS[name]


def _shortest_window(config: MfccConfig, frames: int) -> float:
    """Seconds, rounded up to a thousandth, that a window needs to have so many `frames`."""
    reach = 2 * (config.n_fft // 2) if config.center else 0
    samples = max(config.n_fft, (frames - 1) * config.hop_length + config.n_fft - reach)
    return math.ceil(1000 * samples / config.sample_rate) / 1000
