"""Graphs of .tflite files, and parts of them, as the exporter writes them in C: sources, and a library to call."""

from __future__ import annotations

import ctypes
import dataclasses
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from genrekit.converters.c.model_source import model_source
from genrekit.runtime import MfccConfig, ModelDescription, Normalization, Rejection
from genrekit.runtime.modelfile.rejection import COEFFICIENTS, packed
from genrekit.runtime.modelfile.tflite_tables import GraphTable
from genrekit.runtime.native_build import FLAGS, SOURCES

from .c_classifier import Model

HEADER = '#include "genrekit.h"\n'
RATE, N_FFT, HOP = 8000, 256, 128
INFER = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


def ending_in(graph: GraphTable, tensor: int) -> GraphTable:
    """The part of `graph` that computes `tensor`, its output."""
    last = next(index for index, operator in enumerate(graph.operators) if tensor in operator.outputs)
    return dataclasses.replace(graph, outputs=(tensor,), operators=graph.operators[: last + 1])


def described(name: str, graph: GraphTable) -> ModelDescription:
    """A model of a front end that gives as many numbers as `graph` takes, and as many labels as it gives."""
    (x,), (y,) = ([graph.tensors[index] for index in ends] for ends in (graph.inputs, graph.outputs))
    frames, n_mfcc = x.shape[1], x.elements // x.shape[1]
    front_end = MfccConfig(
        sample_rate=RATE, n_fft=N_FFT, hop_length=HOP, n_mels=32, n_mfcc=n_mfcc, window_s=(frames - 1) * HOP / RATE
    )
    size = 2 * min(n_mfcc, COEFFICIENTS)
    whitening, centers = packed(np.eye(size)[np.tril_indices(size)]), packed(np.ones((2, size)))
    return ModelDescription(
        name,
        tuple(map(str, range(y.elements))),
        front_end,
        Normalization((-10.0,) * n_mfcc, (50.0,) * n_mfcc),
        Rejection(1.5, 0.2, max_distance=200.0, whitening=whitening, centers=centers),
    )


def write_models(folder: Path, graphs: Mapping[str, GraphTable]) -> list[Path]:
    """A source of each, and one with the array `models` of all, in the order of `graphs`; by name, as a C name."""
    sources = {name: model_source(graph, described(name, graph)) for name, graph in graphs.items()}
    names = [source.name for source in sources.values()]
    texts = {name: source.text for name, source in sources.items()}
    texts["models"] = (
        f"{HEADER}extern const genrekit_model {', '.join(names)};\nextern const genrekit_model *const models[];\n"
        f"const genrekit_model *const models[] = {{{', '.join(f'&{name}' for name in names)}, NULL}};\n"
    )
    (folder / "model.h").write_text(HEADER)
    paths = {folder / f"{name}.c": text for name, text in texts.items()}
    for path, text in paths.items():
        path.write_text(text)
    return list(paths)


def compile_models(compiler: Sequence[str], models: Iterable[Path], options: Sequence[str], output: Path) -> Path:
    """A library of `models` with front end, classifier and layers; raises CalledProcessError."""
    sources = [path for path in sorted(SOURCES.rglob("*.c")) if "_double" not in path.name]
    flags = [*(flag for flag in FLAGS if flag != "-fvisibility=hidden"), "-O1", *options, f"-I{SOURCES}"]
    subprocess.run([*compiler, *flags, "-o", output, *models, *sources, "-lm"], check=True)
    return output


class Models:
    """A library of models, called with some instructions: 1, 2 or 3 as in genrekit.h."""

    def __init__(self, library: Path, instructions: int) -> None:
        self.library, self._instructions = ctypes.CDLL(str(library)), instructions
        self._models = (ctypes.POINTER(Model) * 1000).in_dll(self.library, "models")

    def __call__(self, index: int, features: np.ndarray) -> np.ndarray:
        """The scores of model `index` for the features of one window, float32."""
        model, features = self._models[index].contents, np.ascontiguousarray(features, np.float32)
        memory, scores = np.empty(model.arena_bytes + 64, np.uint8), np.empty(model.n_labels, np.float32)
        arena = memory.ctypes.data + -memory.ctypes.data % 64
        INFER(model.infer)(features.ctypes.data, self._instructions, arena, scores.ctypes.data)
        return scores
