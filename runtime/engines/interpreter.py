"""The part that LiteRT and its elder sister tflite-runtime share: both offer the same `Interpreter`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..modelfile.description import ModelDescription
from ..util.native_output import held_back
from .base import OneByOne


class InterpreterEngine(OneByOne):
    """A .tflite in an `Interpreter`; subclasses name the library's class."""

    interpreter_class: Callable[..., Any]

    def __init__(self, path: Path, description: ModelDescription, threads: int) -> None:
        super().__init__(path, description, threads)
        with held_back():
            self._interpreter = self.interpreter_class(model_path=str(path), num_threads=threads)
            self._interpreter.allocate_tensors()
        taken, given = self._interpreter.get_input_details()[0], self._interpreter.get_output_details()[0]
        self._input, self._output = taken["index"], given["index"]
        self.take_ends(taken, given)

    def infer(self, tensor: np.ndarray) -> np.ndarray:
        # The fused LSTM keeps its state between calls; windows are independent.
        self._interpreter.reset_all_variables()
        self._interpreter.set_tensor(self._input, tensor)
        self._interpreter.invoke()
        result: np.ndarray = self._interpreter.get_tensor(self._output)
        return result
