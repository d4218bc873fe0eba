"""tflite-micro's interpreter on a desk: shows that a microcontroller build will run the model, not how fast."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tflite_micro import runtime

from ..errors import ParameterError
from ..modelfile.description import ModelDescription
from .base import OneByOne


class MicroEngine(OneByOne):
    """A .tflite in tflite-micro; int8 input and output."""

    name = "micro"

    def __init__(self, path: Path, description: ModelDescription, threads: int) -> None:
        if threads != 1:
            raise ParameterError(f"threads={threads}: expected 1, tflite-micro has one thread only")
        super().__init__(path, description, threads)
        self._interpreter = runtime.Interpreter.from_file(str(path))
        self.take_ends(self._interpreter.get_input_details(0), self._interpreter.get_output_details(0))

    def infer(self, tensor: np.ndarray) -> np.ndarray:
        self._interpreter.reset()
        self._interpreter.set_input(tensor, 0)
        self._interpreter.invoke()
        result: np.ndarray = self._interpreter.get_output(0)
        return result


engine = MicroEngine
