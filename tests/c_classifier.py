"""The classifier in C with a model that is a linear map, `c/linear_model.c`, and the same in Python."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from genrekit.runtime.c_tables import front_end_tables
from genrekit.runtime.modelfile.description import ModelDescription
from genrekit.runtime.modelfile.rejection import unpacked
from genrekit.runtime.native import _ARITHMETICS, _ARRAYS, _INTEGERS, _FrontEnd
from genrekit.runtime.native_build import FLAGS, SOURCES
from genrekit.runtime.prediction import SILENCE, UNKNOWN

MODEL = Path(__file__).with_name("c") / "linear_model.c"
ARENA_BYTES = 1000
OK, NOT_DUE, INVALID, TOO_SMALL = range(4)
ANSWERS = {-1: SILENCE, -2: UNKNOWN}
Floats = ctypes.POINTER(ctypes.c_float)


class Rejection(ctypes.Structure):
    """genrekit_rejection."""

    _fields_ = (
        *((name, ctypes.c_float) for name in ("temperature", "min_probability", "max_distance")),
        ("n_centers", ctypes.c_int32),
        ("centers", ctypes.c_void_p),
        ("whitening", ctypes.c_void_p),
    )


class Model(ctypes.Structure):
    """genrekit_model."""

    _fields_ = (
        ("front_end", ctypes.c_void_p),
        ("sample_rate", ctypes.c_int32),
        ("n_labels", ctypes.c_int32),
        ("labels", ctypes.c_void_p),
        ("mean", ctypes.c_void_p),
        ("std", ctypes.c_void_p),
        ("rejection", ctypes.c_void_p),
        ("arena_bytes", ctypes.c_size_t),
        ("infer", ctypes.c_void_p),
    )


class Decision(ctypes.Structure):
    """genrekit_prediction."""

    _fields_ = (
        ("end", ctypes.c_uint64),
        ("label", ctypes.c_int32),
        ("answer", ctypes.c_int32),
        *((name, ctypes.c_float) for name in ("level_dbfs", "distance", "audio_fraction")),
        ("scores", Floats),
    )


def compile_classifier(compiler: Sequence[str], output: Path, options: Sequence[str] = ()) -> ctypes.CDLL:
    """The library of front end, classifier and linear model; raises CalledProcessError."""
    sources = [*sorted(SOURCES.glob("*.c")), *sorted((SOURCES / "classifier").glob("*.c")), MODEL]
    command = [*compiler, *FLAGS, *options, f"-I{SOURCES}", "-o", output, *sources, "-lm"]
    subprocess.run(command, check=True)
    library = ctypes.CDLL(str(output))
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    library.genrekit_classifier_bytes.restype = size
    library.genrekit_classifier_bytes.argtypes = (pointer, size)
    library.genrekit_classifier_init.argtypes = (pointer, size, ctypes.c_float, ctypes.c_int, *(pointer,) * 3)
    for name in ("push", "push_int16"):
        function = getattr(library, f"genrekit_classifier_{name}")
        function.restype, function.argtypes = size, (pointer, pointer, size)
    for name in ("decide", "flush"):
        getattr(library, f"genrekit_classifier_{name}").argtypes = (pointer, ctypes.POINTER(Decision))
    library.genrekit_classifier_reset.argtypes = library.genrekit_classifier_due.argtypes = (pointer,)
    library.genrekit_classifier_features.restype = Floats
    library.genrekit_classifier_features.argtypes = library.genrekit_classifier_invalid_samples.argtypes = (pointer,)
    library.genrekit_classifier_invalid_samples.restype = ctypes.c_uint64
    return library


class Linear:
    """The linear map as an engine of `Classifier`."""

    name = path = "linear"

    def __init__(self, description: ModelDescription) -> None:
        self.description = description
        config = description.front_end
        index = np.arange(config.window_frames * config.n_mfcc)[:, np.newaxis]
        of_labels = np.arange(1, len(description.labels) + 1)
        self._weights = 0.5 * np.cos((index * of_labels % 1000).astype(np.float32))

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """float32 [n, frames, n_mfcc] -> probabilities [n, classes]."""
        logits = features.reshape(len(features), -1).astype(np.float64) @ self._weights
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


class CModel:
    """A description as genrekit_model, and all that it points into."""

    def __init__(self, description: ModelDescription, library: ctypes.CDLL, in_double: bool = True) -> None:
        config, rejection, normal = description.front_end, description.rejection, description.normalization
        tables = front_end_tables(config, in_double)
        arithmetic = ctypes.c_char.in_dll(library, _ARITHMETICS[tables.window.dtype])
        front_end = _FrontEnd(
            *(getattr(config, name) for name in _INTEGERS),
            config.top_db or 0,
            len(tables.radices),
            ctypes.addressof(arithmetic),
            *(getattr(tables, name).ctypes.data for name in _ARRAYS),
        )
        self._kept = [tables, front_end]
        labels = (ctypes.c_char_p * len(description.labels))(*(label.encode() for label in description.labels))
        self.model = Model(
            ctypes.addressof(front_end), config.sample_rate, len(labels), ctypes.addressof(self._keep(labels)),
            self._floats(normal and normal.mean), self._floats(normal and normal.std), self._rejection(rejection),
            ARENA_BYTES, ctypes.cast(library.linear_infer, ctypes.c_void_p).value,
        )  # fmt: skip
        library.linear_shape(
            ctypes.c_size_t(config.window_frames * config.n_mfcc), len(labels), ctypes.c_size_t(ARENA_BYTES)
        )
        self.address = ctypes.addressof(self.model)

    def _keep(self, what):
        self._kept.append(what)
        return what

    def _floats(self, numbers):
        return None if numbers is None else self._keep(np.array(numbers, np.float32)).ctypes.data

    def _rejection(self, rejection):
        if rejection is None:
            return None
        size = 2 * min(_FrontEnd.from_buffer(self._kept[1]).n_mfcc, 13)
        centers = unpacked(rejection.centers) if rejection.max_distance else None
        return ctypes.addressof(
            self._keep(
                Rejection(
                    rejection.temperature,
                    rejection.min_probability,
                    rejection.max_distance or 0,
                    0 if centers is None else centers.size // size,
                    self._floats(centers),
                    self._floats(unpacked(rejection.whitening) if rejection.max_distance else None),
                )
            )
        )


class CClassifier:
    """As `StreamClassifier`, in C, on samples [-1, 1] or int16."""

    def __init__(self, description, library, stride_frames, silence_dbfs=-60.0, in_double=True, offset=0):
        self.labels, self.rate = description.labels, description.front_end.sample_rate
        self.values = (description.front_end.window_frames, description.front_end.n_mfcc)
        self._library, self._model = library, CModel(description, library, in_double)
        self.bytes = library.genrekit_classifier_bytes(self._model.address, stride_frames)
        self._memory, given = np.full(self.bytes + offset, 0xA5, np.uint8), ctypes.c_size_t(self.bytes)
        self.classifier = ctypes.c_void_p()
        self.status = library.genrekit_classifier_init(
            self._model.address, stride_frames, silence_dbfs, 0, self._memory.ctypes.data + offset,
            ctypes.addressof(given), ctypes.addressof(self.classifier),
        )  # fmt: skip

    def push(self, samples):
        """(Decision, scores, features) of each window that was due."""
        found = []
        push = (
            self._library.genrekit_classifier_push_int16
            if samples.dtype == np.int16
            else self._library.genrekit_classifier_push
        )
        while len(samples):
            samples = samples[push(self.classifier, samples.ctypes.data, len(samples)) :]
            found += self._decided(self._library.genrekit_classifier_decide)
        return found

    def flush(self):
        """As `push`, of what is left."""
        return self._decided(self._library.genrekit_classifier_flush)

    def _decided(self, function):
        decision = Decision()
        if function(self.classifier, decision) != OK:
            return []
        features = self._library.genrekit_classifier_features(self.classifier)
        return [
            (decision, np.array(decision.scores[: len(self.labels)]), np.ctypeslib.as_array(features, self.values) + 0)
        ]
