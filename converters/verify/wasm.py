"""A model as WebAssembly, run by wasmtime: its numbers are those of every browser, for WebAssembly leaves no choice."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from ...runtime.errors import MissingPackageError
from ...runtime.mfcc import MfccConfig

STRIDE_S = 0.5
SCORES_AT = 28  # bytes into a genrekit_prediction
FULL_SCALE = 2**15  # of int16


class WasmRun:
    """An instance of a module that `web.c` is part of.

    Args:
        module: the module.
        config: the model's front end.
        classes: how many labels it has.

    Raises:
        MissingPackageError: wasmtime is not installed.
    """

    def __init__(self, module: bytes, config: MfccConfig, classes: int) -> None:
        try:
            import wasmtime
        except ModuleNotFoundError as error:
            raise MissingPackageError(
                "target=web: comparing WebAssembly with Keras needs wasmtime, which is not installed; run: "
                'pip install "genrekit[cross]"'
            ) from error
        engine = wasmtime.Engine()
        self._store = wasmtime.Store(engine)
        instance = wasmtime.Instance(self._store, wasmtime.Module(engine, module), [])
        self._exports: Any = instance.exports(self._store)
        self._classes = classes
        self._call("_initialize")
        stride = config.stride_frames(STRIDE_S)
        self._classifier = self._call("open", stride)
        self._block = self._call("block")

    def scores(self, features: np.ndarray) -> np.ndarray:
        """What the layers make of normalised float32 [shape=(n, frames, n_mfcc)]: float32 [shape=(n, classes)]."""
        at = self._call("features", self._classifier)
        found = []
        for window in features:
            self._write(at, window)
            found.append(self._floats(self._call("infer", self._classifier)))
        return np.stack(found)

    def decisions(self, samples: np.ndarray) -> np.ndarray:
        """The scores of each decision of a stream of int16 `samples` [shape=(decisions, classes)]."""
        at = self._call("samples", self._classifier)
        found = []
        for first in range(0, len(samples), self._block):
            block = samples[first : first + self._block] / np.float32(FULL_SCALE)
            self._write(at, block)
            taken = 0
            while taken < len(block):
                taken += self._call("push", self._classifier, taken, len(block))
                if decision := self._call("decide", self._classifier):
                    found.append(self._floats(self._pointer(decision + SCORES_AT)))
        return np.array(found)

    def _call(self, name: str, *arguments: int) -> Any:
        return self._exports[name](self._store, *arguments)

    def _write(self, address: int, values: np.ndarray) -> None:
        self._exports["memory"].write(self._store, np.ascontiguousarray(values, "<f4").tobytes(), address)

    def _read(self, address: int, count: int) -> bytes:
        return bytes(self._exports["memory"].read(self._store, address, address + count))

    def _pointer(self, address: int) -> int:
        (found,) = struct.unpack("<I", self._read(address, 4))
        return int(found)

    def _floats(self, address: int) -> np.ndarray:
        return np.frombuffer(self._read(address, 4 * self._classes), "<f4")
