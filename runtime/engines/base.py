"""What every engine offers, and the casts between real and quantised numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import AudioError
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
    """A loaded model: normalised features or samples in, as its description says, and probabilities out.

    Attributes:
        name: the engine's name in `ENGINES`.
        path: the model file.
        description: what the model file says of itself.
        shapes: ((frames, n_mfcc) or (window_samples,), classes) as the model's own tensors say.
    """

    name: str

    def __init__(self, path: Path, description: ModelDescription, threads: int) -> None:
        """Load the model file `path`; raises whatever the engine's library raises."""
        self.path = path
        self.description = description
        self.shapes: tuple[tuple[int, ...], int]

    @abstractmethod
    def __call__(self, windows: np.ndarray) -> np.ndarray:
        """Normalised features or samples -> probabilities float32 [shape=(batch, classes)].

        Windows do not influence one another: recurrent state is reset between them.

        Args:
            windows: float32 [shape=(batch, frames, n_mfcc)], or [shape=(batch, window_samples)] of a file that takes
                sound.

        Raises:
            AudioError: windows of another length.
        """

    def _checked(self, windows: np.ndarray) -> np.ndarray:
        """`windows` as float32; raises AudioError where their shape is not what the model takes."""
        windows = np.asarray(windows, np.float32)
        if windows.shape[1:] != self.shapes[0]:
            raise AudioError(wrong_windows(windows.shape, self.shapes[0]))
        return windows


def wrong_windows(received: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """What to say of windows whose shape is not what a model takes of one."""
    if len(expected) > 1:
        return f"features.shape={received}: expected (batch, {expected[0]}, {expected[1]})"
    return (
        f"samples.shape={received}: expected (batch, {expected[0]}), windows of {expected[0]} samples; give longer "
        "audio to StreamClassifier, which cuts windows from it, and pad shorter audio with zeros at its end"
    )


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
        self.shapes = tuple(map(int, taken["shape"][1:])), int(given["shape"][-1])

    def __call__(self, windows: np.ndarray) -> np.ndarray:
        windows = self._checked(windows)
        if len(windows) == 1:
            return self._probabilities(windows)
        if not len(windows):
            return np.empty((0, self.shapes[1]), np.float32)
        each = (windows[index : index + 1] for index in range(len(windows)))
        return np.concatenate([self._probabilities(window) for window in each])

    def _probabilities(self, window: np.ndarray) -> np.ndarray:
        tensor = self.input_quantization.quantize(window) if self.input_quantization else window
        result = self.infer(tensor)
        return self.output_quantization.dequantize(result) if self.output_quantization else result

    @abstractmethod
    def infer(self, tensor: np.ndarray) -> np.ndarray:
        """The model's input tensor, of one window -> its output tensor [shape=(1, classes)]."""


def _quantization(details: dict[str, Any]) -> Quantization | None:
    """Of a tensor of integers; None of one of floats."""
    if not np.issubdtype(details["dtype"], np.integer):
        return None
    parameters = details["quantization_parameters"]
    return Quantization(float(parameters["scales"][0]), int(parameters["zero_points"][0]), details["dtype"])
