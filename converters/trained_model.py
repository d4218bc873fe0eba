"""What files are made from: a trained model with its description and the windows to quantise and compare with."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING

import numpy as np

from ..runtime.modelfile.description import CalibrationRecord, ModelDescription
from .formats import QUANTISED

if TYPE_CHECKING:
    import keras


@dataclasses.dataclass(frozen=True)
class Calibration:
    """Windows of the training subset.

    Attributes:
        features: normalised float32 [shape=(count, frames, n_mfcc)].
        seed: of the choice.
        fingerprint: SHA-256 of the features, in hexadecimal.
    """

    features: np.ndarray
    seed: int
    fingerprint: str

    def record(self) -> CalibrationRecord:
        """What a model file says of it."""
        return CalibrationRecord(len(self.features), self.seed, self.fingerprint)


@dataclasses.dataclass(frozen=True)
class ParityWindows:
    """What a converted file and its Keras model are compared on: windows that were never trained on.

    Attributes:
        features: as the file takes them, normalised float32 [shape=(n, frames, n_mfcc)].
        labels: the class of each [shape=(n,)].
        reference: what the Keras model makes of them, probabilities [shape=(n, classes)].
        samples: the same windows as sound, at the front end's rate, for files that take it: float32
            [shape=(n, window_samples)]; None where only features are known.
    """

    features: np.ndarray
    labels: np.ndarray
    reference: np.ndarray
    samples: np.ndarray | None = None


@dataclasses.dataclass(frozen=True)
class TrainedModel:
    """A trained model, ready to be converted.

    Attributes:
        model: for normalised features.
        description: what the Keras model says of itself; files carry it with what their conversion adds.
        calibration: windows of the training subset.
        windows: what files are compared on.
    """

    model: keras.Model
    description: ModelDescription
    calibration: Calibration
    windows: ParityWindows

    def prepared_for(self, precision: str) -> TrainedModel:
        """The same, restated for scaled features where it takes raw ones and that helps at `precision`."""
        if self.description.normalization is not None:
            return self
        free = self._scaled.model.count_params() == self.model.count_params()
        return self._scaled if free or precision in QUANTISED else self

    def with_samples(self, samples: np.ndarray) -> TrainedModel:
        """The same, whose windows are known as sound, too [shape=(n, window_samples)]."""
        return dataclasses.replace(self, windows=dataclasses.replace(self.windows, samples=samples))

    @functools.cached_property
    def _scaled(self) -> TrainedModel:
        """For scaled features; the model itself where that is not exact."""
        from .keras_graph.input_scaling import NOTE, balancing, for_normalised

        scaling = balancing(self.calibration.features)
        restated = for_normalised(self.model, scaling)
        if restated is None:
            return self
        notes = (*self.description.notes, NOTE)
        return TrainedModel(
            restated,
            dataclasses.replace(self.description, normalization=scaling, notes=notes),
            dataclasses.replace(self.calibration, features=scaling.apply(self.calibration.features)),
            dataclasses.replace(self.windows, features=scaling.apply(self.windows.features)),
        )


def in_double_precision(model: keras.Model, features: np.ndarray) -> np.ndarray:
    """What `model` makes of `features`, without the rounding of its own float32 sums: float64 [shape=(n, classes)].

    Of raw MFCC that rounding alone reaches 2e-5, more than a float32 file may differ. SavedModels answer in the
    precision that they were saved in.
    """
    import keras

    def double(layer: keras.Layer) -> keras.Layer:
        return layer.__class__.from_config({**layer.get_config(), "dtype": "float64"})

    inputs = keras.Input(model.input_shape[1:], dtype="float64")
    exact = keras.models.clone_model(model, input_tensors=inputs, clone_function=double)
    exact.set_weights(model.get_weights())
    probabilities: np.ndarray = exact.predict(features, verbose=0)
    return probabilities
