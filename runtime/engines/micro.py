"""tflite-micro's interpreter on a desk: shows that a microcontroller build will run the model, not how fast."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tflite_micro import runtime

from ..errors import ParameterError
from ..modelfile import ModelDescription
from .base import OneByOne, dequantize, quantize


class MicroEngine(OneByOne):
    """A .tflite in tflite-micro; int8 input and output."""

    name = "micro"

    def __init__(self, path: Path, description: ModelDescription, threads: int) -> None:
        if threads != 1:
            raise ParameterError(f"threads={threads}: expected 1, tflite-micro has one thread only")
        super().__init__(description)
        self._interpreter = runtime.Interpreter.from_file(str(path))
        self._input = self._interpreter.get_input_details(0)
        self._output = self._interpreter.get_output_details(0)
        _, frames, n_mfcc = self._input["shape"]
        self.shapes = (int(frames), int(n_mfcc)), int(self._output["shape"][-1])

    def infer(self, features: np.ndarray) -> np.ndarray:
        self._interpreter.reset()
        self._interpreter.set_input(self._quantized(features), 0)
        self._interpreter.invoke()
        output = self._interpreter.get_output(0)
        if self._output["dtype"] != np.int8:
            return output
        return dequantize(output, *_scale(self._output))

    def _quantized(self, features: np.ndarray) -> np.ndarray:
        if self._input["dtype"] != np.int8:
            return np.asarray(features, np.float32)
        return quantize(features, *_scale(self._input), np.int8)


def _scale(details: dict) -> tuple[float, int]:
    parameters = details["quantization_parameters"]
    return float(parameters["scales"][0]), int(parameters["zero_points"][0])


engine = MicroEngine
