"""A model as a folder of plain C around the linear map of `c/linear_model.c`: the program as an export has it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from genrekit.runtime.c_tables import front_end_tables
from genrekit.runtime.modelfile.description import ModelDescription
from genrekit.runtime.modelfile.rejection import unpacked
from genrekit.runtime.native import _ARRAYS, _INTEGERS
from genrekit.runtime.native_build import SOURCES

from .c_classifier import ARENA_BYTES, MODEL

PROGRAM = Path(__file__).parents[1] / "converters" / "c" / "program"
HEADER = MODEL.parent / "stub" / "model.h"
TYPES = {"f": "float", "i": "int32_t", "h": "int16_t", "H": "uint16_t"}


def array(name: str, values: Iterable[float]) -> str:
    """An array in C, whose numbers are exact."""
    values = np.asarray(values)
    values = values.astype(np.float32) if values.dtype == np.float64 else values
    numbers = [f"{float(value).hex()}f" if values.dtype.kind == "f" else str(value) for value in values.ravel()]
    shape = "".join(f"[{size}]" for size in values.shape[1:])
    return f"static const {TYPES[values.dtype.char]} {name}[{len(values)}]{shape} = {{{', '.join(numbers) or '0'}}};\n"


def model_source(description: ModelDescription) -> str:
    """model.c of a description with normalisation and distances."""
    config, rejection, normal = description.front_end, description.rejection, description.normalization
    tables = front_end_tables(config, in_double=False)
    centers = unpacked(rejection.centers)
    labels = ", ".join(json.dumps(label, ensure_ascii=False) for label in description.labels)
    return "".join(
        [
            '#include "model.h"\n',
            "void linear_infer(const float *, genrekit_instructions, void *, float *);\n",
            *(array(name, getattr(tables, name)) for name in _ARRAYS),
            array("mean", np.array(normal.mean)),
            array("std", np.array(normal.std)),
            array("centers", centers),
            array("whitening", unpacked(rejection.whitening)),
            f"static const char *const labels[] = {{{labels}}};\n",
            "static const genrekit_rejection rejection = {",
            f"{rejection.temperature}f, {rejection.min_probability}f, {rejection.max_distance}f, ",
            f"{centers.size // (2 * min(config.n_mfcc, 13))}, centers, whitening}};\n",
            "static const genrekit_front_end front_end = {",
            ", ".join(str(int(getattr(config, name))) for name in _INTEGERS),
            f", {config.top_db or 0.0}f, {len(tables.radices)}, &genrekit_in_float, {', '.join(_ARRAYS)}}};\n",
            f"const genrekit_model linear = {{&front_end, {config.sample_rate}, {len(description.labels)}, labels, ",
            f"mean, std, &rejection, {ARENA_BYTES}, linear_infer}};\n",
        ]
    )


def golden_header(samples: np.ndarray, features: np.ndarray, scores: np.ndarray) -> str:
    """golden.h: int16 [n, window], float32 [n, frames, n_mfcc] and [n, classes]."""
    windows, frames, n_mfcc = features.shape
    sizes = {
        "WINDOWS": windows, "SAMPLES": samples.shape[1], "FRAMES": frames, "N_MFCC": n_mfcc,
        "LABELS": scores.shape[1], "FEATURES_TOLERANCE": "1e-3f", "SCORES_TOLERANCE": "1e-3f",
    }  # fmt: skip
    arrays = {"samples": samples, "features": features, "scores": scores}
    return (
        "#include <stdint.h>\n"
        + "".join(f"#define GOLDEN_{name} {value}\n" for name, value in sizes.items())
        + "".join(array(f"golden_{name}", values) for name, values in arrays.items())
    )


def write_folder(folder: Path, description: ModelDescription, golden: str) -> None:
    """All that the program is made of; `golden` as of `golden_header`."""
    folder.mkdir(exist_ok=True)
    sources = [path for path in SOURCES.glob("*.[ch]") if "_double" not in path.name]
    for path in (*sources, *(SOURCES / "classifier").iterdir(), *PROGRAM.iterdir(), MODEL, HEADER):
        shutil.copy(path, folder)
    (folder / "model.c").write_text(model_source(description))
    (folder / "golden.h").write_text(golden)
