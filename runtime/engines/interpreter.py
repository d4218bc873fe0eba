"""The part that LiteRT and its elder sister tflite-runtime share: both offer the same `Interpreter`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..modelfile import ModelDescription
from ..native_output import held_back
from .base import OneByOne, dequantize, quantize


class InterpreterEngine(OneByOne):
    """A .tflite in an `Interpreter`; subclasses name the library's class."""

    interpreter_class: type

    def __init__(self, path: Path, description: ModelDescription, threads: int) -> None:
        super().__init__(description)
        with held_back():
            self._interpreter = self.interpreter_class(model_path=str(path), num_threads=threads)
            self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]
        _, frames, n_mfcc = self._input["shape"]
        self.shapes = (int(frames), int(n_mfcc)), int(self._output["shape"][-1])

    def infer(self, features: np.ndarray) -> np.ndarray:
        # The fused LSTM keeps its state between calls; windows are independent.
        self._interpreter.reset_all_variables()
        self._interpreter.set_tensor(self._input["index"], _to_tensor(features, self._input))
        self._interpreter.invoke()
        return _from_tensor(self._interpreter.get_tensor(self._output["index"]), self._output)


def _to_tensor(features: np.ndarray, details: dict[str, Any]) -> np.ndarray:
    if not np.issubdtype(details["dtype"], np.integer):
        return np.asarray(features, details["dtype"])
    return quantize(features, *details["quantization"], details["dtype"])


def _from_tensor(values: np.ndarray, details: dict[str, Any]) -> np.ndarray:
    if not np.issubdtype(details["dtype"], np.integer):
        return np.asarray(values, np.float32)
    return dequantize(values, *details["quantization"])
