"""What every engine offers, and the casts between real and quantised numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np

from ..modelfile.description import ModelDescription


class Quantization:
    """Real numbers as integers: ``real = scale * (integer - zero_point)``.

    Args:
        scale: the step, > 0.
        zero_point: the integer that stands for 0.
        dtype: the integer type.
    """

    def __init__(self, scale: float, zero_point: int, dtype: type) -> None:
        self.dtype = dtype
        limits = np.iinfo(dtype)
        # Arrays of no dimension: numpy would make them of plain numbers in every call, which takes as long as the sums.
        self._scale = np.array(scale, np.float32)
        self._zero_point = np.array(zero_point, np.float32)
        self._low = np.array(limits.min, np.float32)
        self._high = np.array(limits.max, np.float32)

    def quantize(self, values: np.ndarray) -> np.ndarray:
        """``clip(rint(values / scale + zero_point))`` of float32 `values`; same shape."""
        steps = values / self._scale
        steps += self._zero_point
        np.rint(steps, out=steps)
        return steps.clip(self._low, self._high, out=steps).astype(self.dtype)

    def dequantize(self, values: np.ndarray) -> np.ndarray:
        """``scale * (values - zero_point)`` as float32; same shape."""
        real = values.astype(np.float32)
        real -= self._zero_point
        real *= self._scale
        return real


class Engine(ABC):
    """A loaded model: normalised features in, probabilities out.

    Attributes:
        name: the engine's name in `ENGINES`.
        path: the model file.
        description: what the model file says of itself.
        shapes: ((frames, n_mfcc), classes) as the model's own tensors say.
    """

    name: str

    def __init__(self, path: Path, description: ModelDescription, threads: int) -> None:
        """Load the model file `path`; raises whatever the engine's library raises."""
        self.path = path
        self.description = description
        self.shapes: tuple[tuple[int, int], int]

    @abstractmethod
    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Normalised float32 [shape=(batch, frames, n_mfcc)] -> probabilities float32 [shape=(batch, classes)].

        Windows do not influence one another: recurrent state is reset between them.
        """


class OneByOne(Engine):
    """An engine whose model takes one window at a time, in floats or in integers.

    Attributes:
        input_quantization, output_quantization: of tensors of integers; None of tensors of floats.
    """

    input_quantization: Quantization | None
    output_quantization: Quantization | None

    def take_ends(self, taken: dict[str, Any], given: dict[str, Any]) -> None:
        """Set shapes and quantisation from what an interpreter of TFLite says of its input and of its output."""
        self.input_quantization, self.output_quantization = _quantization(taken), _quantization(given)
        _, frames, n_mfcc = taken["shape"]
        self.shapes = (int(frames), int(n_mfcc)), int(given["shape"][-1])

    def __call__(self, features: np.ndarray) -> np.ndarray:
        features = np.asarray(features, np.float32)
        if len(features) == 1:
            return self._probabilities(features)
        if not len(features):
            return np.empty((0, self.shapes[1]), np.float32)
        windows = (features[index : index + 1] for index in range(len(features)))
        return np.concatenate([self._probabilities(window) for window in windows])

    def _probabilities(self, features: np.ndarray) -> np.ndarray:
        tensor = self.input_quantization.quantize(features) if self.input_quantization else features
        result = self.infer(tensor)
        return self.output_quantization.dequantize(result) if self.output_quantization else result

    @abstractmethod
    def infer(self, tensor: np.ndarray) -> np.ndarray:
        """The model's input tensor [shape=(1, frames, n_mfcc)] -> its output tensor [shape=(1, classes)]."""


def _quantization(details: dict[str, Any]) -> Quantization | None:
    """Of a tensor of integers; None of one of floats."""
    if not np.issubdtype(details["dtype"], np.integer):
        return None
    parameters = details["quantization_parameters"]
    return Quantization(float(parameters["scales"][0]), int(parameters["zero_points"][0]), details["dtype"])
