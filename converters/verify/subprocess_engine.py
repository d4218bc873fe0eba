"""Runs an engine in a process of its own: tflite-runtime does not work beside TensorFlow in one."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from ...runtime.engines import load_engine, load_part
from ...runtime.engines.base import Engine
from ...runtime.errors import ConversionError

IN_SUBPROCESS = {"tflite-runtime"}


def predict(path: Path, windows: np.ndarray, engine: str, part: bool = False) -> np.ndarray:
    """What the model file `path` makes of `windows` in `engine`, a name in `ENGINES`, of one that is installed.

    Normalised features or samples, as the file takes them -> probabilities float32 [shape=(n, classes)]; with `part`
    whatever the file gives, which is a part of a model.

    Raises:
        ModelFileError, ConversionError: it does not run the file.
    """
    if engine not in IN_SUBPROCESS:
        return _load(path, engine, part)(windows)
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder) / "windows.npy", Path(folder) / "probabilities.npy"
        np.save(given, windows)
        command = [sys.executable, "-m", __name__, str(path), engine, str(given), str(found), "part" if part else ""]
        process = subprocess.run(command, capture_output=True, text=True)
        if process.returncode:
            last = (process.stderr.strip().splitlines() or [f"it ended with {process.returncode}"])[-1]
            raise ConversionError(f"{path.name}: {engine} does not run it: {last}")
        probabilities: np.ndarray = np.load(found, allow_pickle=False)
        return probabilities


def _load(path: Path, engine: str, part: bool) -> Engine:
    return load_part(path, engine) if part else load_engine(path, engine=engine)


if __name__ == "__main__":
    loaded = _load(Path(sys.argv[1]), sys.argv[2], bool(sys.argv[5]))
    np.save(sys.argv[4], loaded(np.load(sys.argv[3], allow_pickle=False)))
