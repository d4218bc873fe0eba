"""What every engine offers, and the casts between real and quantised numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from ..modelfile import ModelDescription


def quantize(values: np.ndarray, scale: float, zero_point: int, dtype: type) -> np.ndarray:
    """``clip(rint(values / scale + zero_point))`` as `dtype`, an integer type; same shape."""
    limits = np.iinfo(dtype)
    return np.clip(np.rint(values / np.float32(scale) + zero_point), limits.min, limits.max).astype(dtype)


def dequantize(values: np.ndarray, scale: float, zero_point: int) -> np.ndarray:
    """``scale * (values - zero_point)`` as float32; same shape."""
    return (values.astype(np.float32) - zero_point) * np.float32(scale)


class Engine(ABC):
    """A loaded model: normalised features in, probabilities out.

    Attributes:
        name: the engine's name in `ENGINES`.
        description: what the model file says of itself.
        shapes: ((frames, n_mfcc), classes) as the model's own tensors say.
    """

    name: str

    def __init__(self, description: ModelDescription) -> None:
        self.description = description
        self.shapes: tuple[tuple[int, int], int]

    @abstractmethod
    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Normalised float32 [shape=(batch, frames, n_mfcc)] -> probabilities float32 [shape=(batch, classes)].

        Windows do not influence one another: recurrent state is reset between them.
        """


class OneByOne(Engine):
    """An engine whose model takes one window at a time."""

    def __call__(self, features: np.ndarray) -> np.ndarray:
        if len(features) == 1:
            return self.infer(features)
        if not len(features):
            return np.empty((0, self.shapes[1]), np.float32)
        return np.concatenate([self.infer(features[index : index + 1]) for index in range(len(features))])

    @abstractmethod
    def infer(self, features: np.ndarray) -> np.ndarray:
        """Normalised float32 [shape=(1, frames, n_mfcc)] -> probabilities float32 [shape=(1, classes)]."""
