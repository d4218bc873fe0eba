"""ONNX Runtime on the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime

from ..modelfile.description import ModelDescription
from .base import Engine

MOST_SOUND = 16  # windows of sound in one call: the front end takes some ten times their memory


class OnnxEngine(Engine):
    """An .onnx in ONNX Runtime."""

    name = "onnx"

    def __init__(self, path: Path, description: ModelDescription, threads: int) -> None:
        super().__init__(path, description, threads)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # A spinning pool takes the core that the front end needs: 0.59 -> 0.39 ms for the LSTM on two cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input, self._output = self._session.get_inputs()[0], self._session.get_outputs()[0]
        batch, *window = self._input.shape
        self._batch = batch if isinstance(batch, int) else MOST_SOUND if description.takes_audio else None
        self.shapes = tuple(window), self._output.shape[-1]

    def __call__(self, windows: np.ndarray) -> np.ndarray:
        windows = self._checked(windows)
        if not len(windows):
            return np.empty((0, self.shapes[1]), np.float32)
        step = self._batch or len(windows)
        if step >= len(windows):
            return self._run(windows)
        batches = [windows[start : start + step] for start in range(0, len(windows), step)]
        return np.concatenate([self._run(batch) for batch in batches])

    def _run(self, windows: np.ndarray) -> np.ndarray:
        inputs = {self._input.name: np.ascontiguousarray(windows)}
        result: np.ndarray = self._session.run([self._output.name], inputs)[0]
        return result


engine = OnnxEngine
