"""Keras itself, as the reference that converted files are compared with. Needs TensorFlow; never on a device."""

from __future__ import annotations

import os
from pathlib import Path

import keras
import numpy as np

from ..errors import ParameterError
from ..modelfile.description import ModelDescription
from .base import Engine

BATCH = 256  # bounds the memory of one call
# TensorFlow reads its number of threads here, once for the whole process.
THREADS_VARIABLE = "TF_NUM_INTRAOP_THREADS"


class KerasEngine(Engine):
    """A .keras in Keras."""

    name = "keras"

    def __init__(self, path: Path, description: ModelDescription, threads: int) -> None:
        if threads != 1 and os.environ.get(THREADS_VARIABLE) != str(threads):
            raise ParameterError(
                f"threads={threads}: expected 1 for engine keras, whose TensorFlow shares its threads with the whole "
                f"process; leave it out, or start the process with {THREADS_VARIABLE}={threads}"
            )
        super().__init__(path, description, threads)
        self._model = keras.saving.load_model(path, compile=False, safe_mode=True)
        _, frames, n_mfcc = self._model.input_shape
        self.shapes = (frames, n_mfcc), self._model.output_shape[-1]

    def __call__(self, windows: np.ndarray) -> np.ndarray:
        windows = self._checked(windows)
        if not len(windows):
            return np.empty((0, self.shapes[1]), np.float32)
        result: np.ndarray = self._model.predict(windows, batch_size=BATCH, verbose=0)
        return result


engine = KerasEngine
