"""Runs an engine in a process of its own: tflite-runtime does not work beside TensorFlow in one."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from ...runtime.engines import load_engine
from ...runtime.errors import ConversionError

IN_SUBPROCESS = {"tflite-runtime"}


def predict(path: Path, features: np.ndarray, engine: str) -> np.ndarray:
    """What the model file `path` makes of `features` in `engine`, a name in `ENGINES`, of one that is installed.

    Normalised float32 [shape=(n, frames, n_mfcc)] -> probabilities float32 [shape=(n, classes)].

    Raises:
        ModelFileError, ConversionError: it does not run the file.
    """
    if engine not in IN_SUBPROCESS:
        return load_engine(path, engine=engine)(features)
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder) / "features.npy", Path(folder) / "probabilities.npy"
        np.save(given, features)
        command = [sys.executable, "-m", __name__, str(path), engine, str(given), str(found)]
        process = subprocess.run(command, capture_output=True, text=True)
        if process.returncode:
            last = (process.stderr.strip().splitlines() or [f"it ended with {process.returncode}"])[-1]
            raise ConversionError(f"{path.name}: {engine} does not run it: {last}")
        probabilities: np.ndarray = np.load(found, allow_pickle=False)
        return probabilities


if __name__ == "__main__":
    np.save(sys.argv[4], load_engine(sys.argv[1], engine=sys.argv[2])(np.load(sys.argv[3], allow_pickle=False)))
