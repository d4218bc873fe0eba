"""The numbers that an engine's whole-number weights can hold, and those of float16.

A rule is a function of a layer and its kernels, each as a matrix [shape=(rows, units)]; it returns the grid of all
rows, one kernel below the other, or None where the engine keeps that layer in float32.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import keras
import numpy as np
from keras import layers

TFLITE_LIMIT = 127
TFLITE_DYNAMIC_SMALLEST = 1024  # the converter leaves tensors of fewer weights in float32
# Of ONNX Runtime's reduced range, seven bits: processors without VNNI add products of unsigned and signed bytes with
# saturation. Unsigned weights of eight bits would do too, but take longer: a dense layer 1.4 times, an LSTM 1.35 times.
ONNX_LIMIT = 64
ONNX_DYNAMIC_SMALLEST = 8192  # dense kernels of fewer weights: measuring the input's range takes longer than is won
LSTM_GATES = 4  # TFLite keeps each gate in a tensor of its own


@dataclasses.dataclass(frozen=True)
class QuantizationGrid:
    """For each weight the numbers ``step * n``, ``-limit <= n <= limit``.

    Attributes:
        step: [shape=(rows, units)], > 0.
        limit: the largest whole number.
        pinned: weights that keep their value, because converters derive the step from them [shape=(rows, units)].
    """

    step: np.ndarray
    limit: int
    pinned: np.ndarray

    def round(self, row: int, values: np.ndarray, originals: np.ndarray) -> np.ndarray:
        """The numbers nearest to one row's `values`; `originals` are what these were before any feedback."""
        if row >= len(self.step):  # a bias, which engines hold with at least 32 bits
            return values
        rounded = np.clip(np.rint(values / self.step[row]), -self.limit, self.limit) * self.step[row]
        return np.where(self.pinned[row], originals, rounded)


@dataclasses.dataclass(frozen=True)
class Float16Grid:
    """The numbers of float16 for the first `rows` rows; biases come after them and are kept as they are."""

    rows: int

    def round(self, row: int, values: np.ndarray, originals: np.ndarray) -> np.ndarray:
        """The nearest numbers of float16."""
        return values.astype(np.float16) if row < self.rows else values


GridRule = Callable[[keras.Layer, Sequence[np.ndarray]], "QuantizationGrid | Float16Grid | None"]


def float16(layer: keras.Layer, kernels: Sequence[np.ndarray]) -> Float16Grid:
    """float16 of any engine."""
    return Float16Grid(sum(map(len, kernels)))


def tflite(per_channel: bool, smallest: int = 1) -> GridRule:
    """int8 of TFLite.

    Args:
        per_channel: whether dense layers have a step for each unit; convolutions always have.
        smallest: number of weights below which a tensor stays float32.
    """

    def rule(layer: keras.Layer, kernels: Sequence[np.ndarray]) -> QuantizationGrid | None:
        units = kernels[0].shape[-1]
        if isinstance(layer, layers.LSTM):
            tensors = groups = LSTM_GATES
        else:
            tensors, groups = 1, units if per_channel or isinstance(layer, layers.Conv2D) else 1
        if min(kernel.size for kernel in kernels) < smallest * tensors:
            return None
        return _symmetric(kernels, groups, TFLITE_LIMIT)

    return rule


def onnx(per_channel: bool = True, smallest_dense: int = 1) -> GridRule:
    """int8 of ONNX Runtime in seven bits; what feeds a softmax is left in float32.

    Args:
        per_channel: whether each unit has a step of its own.
        smallest_dense: number of weights below which a dense layer stays float32.
    """

    def rule(layer: keras.Layer, kernels: Sequence[np.ndarray]) -> QuantizationGrid | None:
        decides = getattr(layer, "activation", None) is keras.activations.softmax
        if decides or (isinstance(layer, layers.Dense) and kernels[0].size < smallest_dense):
            return None
        return _symmetric(kernels, kernels[0].shape[-1] if per_channel else 1, ONNX_LIMIT)

    return rule


def _symmetric(kernels: Sequence[np.ndarray], groups: int, limit: int) -> QuantizationGrid:
    """In each kernel a step for each of `groups` equal groups of columns: the largest weight is `limit` steps."""
    steps, pinned = [], []
    for kernel in kernels:
        peaks = np.abs(kernel).reshape(len(kernel), groups, -1).max(axis=(0, 2))
        peaks = np.repeat(peaks, kernel.shape[-1] // groups)
        steps.append(np.broadcast_to(np.where(peaks > 0, peaks / limit, 1.0), kernel.shape))
        pinned.append(np.abs(kernel) == peaks)
    return QuantizationGrid(np.concatenate(steps), limit, np.concatenate(pinned))
