"""The folder `<model>-<precision>-c`: what stands in it, and how it comes there whole or not at all."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from ...runtime.errors import OutputError, UnsupportedModelError
from ...runtime.mfcc import MfccComputer
from ...runtime.modelfile import tflite_tables
from ...runtime.modelfile.description import ModelDescription
from ...runtime.native_build import SOURCES
from ...runtime.util.folders import make_folder, sync_folder
from ...runtime.util.room import refused
from ..attach import without_description
from .model_source import ModelSource, model_header, model_source
from .readme import README
from .text import array, number

PROGRAM = Path(__file__).with_name("program")
GOLDEN_FEATURES_TOLERANCE = 1e-3  # of MFCC
FULL_SCALE = 2**15  # of int16
INCLUDE = re.compile(r'^#include "(.+)"', re.MULTILINE)
OF_MODEL = ("model.c", "model.h", "golden.h", "LICENSE")  # beside what every folder has
MADE = re.compile(r".*\.[oad]|classify(\.exe)?|build")  # by `make`
OF_DOUBLE = "_double.c"  # an FFT for which boards have no instructions


@dataclasses.dataclass(frozen=True)
class Golden:
    """What a program's self-test is held to.

    Attributes:
        samples: of windows, int16 [shape=(n, window_samples)].
        scores: Keras' probabilities of them, float32 [shape=(n, classes)].
        tolerance: of a score.
    """

    samples: np.ndarray
    scores: np.ndarray
    tolerance: float


def features_of(samples: np.ndarray, description: ModelDescription) -> np.ndarray:
    """Raw MFCC of int16 windows [shape=(n, window_samples)], by numpy: float32 [shape=(n, frames, n_mfcc)]."""
    computer = MfccComputer(description.front_end)
    return np.stack([computer.cepstrum(computer.log_mel(window / np.float32(FULL_SCALE))) for window in samples])


def c_files(tflite: bytes, description: ModelDescription, golden: Golden) -> dict[str, bytes]:
    """The folder's files by name, but for its README, which tells what was measured of the others.

    The same model and golden windows give the same bytes; raises as `library_files`.
    """
    licence = next(file for file in importlib.metadata.files("genrekit") or () if file.name == "LICENSE")
    return {
        **library_files(tflite, description, _program()),
        "golden.h": _golden_header(golden, description).encode(),
        "LICENSE": licence.read_binary(),
    }


def library_files(tflite: bytes, description: ModelDescription, others: Iterable[Path] = ()) -> dict[str, bytes]:
    """The sources of front end, stream, answer, layers and model by name, with `others` that use them.

    Raises:
        UnsupportedModelError: the graph has an operator that genrekit.h has no layer for.
    """
    graphs = tflite_tables.read(without_description(tflite))
    if len(graphs) > 1:
        raise UnsupportedModelError("target=c: loops or branches: expected a graph without; restate the model")
    source = model_source(graphs[0], description)
    return {
        **{path.name: path.read_bytes() for path in (*_sources(source), *others)},
        "model.c": source.text.encode(),
        "model.h": model_header(source, description).encode(),
    }


def _sources(model: ModelSource) -> Sequence[Path]:
    front_end = [path for path in SOURCES.iterdir() if path.suffix in (".c", ".h") and OF_DOUBLE not in path.name]
    return *front_end, *(SOURCES / "classifier").iterdir(), *_with_headers(SOURCES / "layers", model.layers)


def _with_headers(folder: Path, names: Iterable[str]) -> set[Path]:
    """The files of these `names` in `folder`, and those of it that they include."""
    found: set[Path] = set()
    wanted = {folder / name for name in names}
    while wanted:
        found |= wanted
        included = {folder / name for path in wanted for name in INCLUDE.findall(path.read_text())}
        wanted = {path for path in included - found if path.exists()}
    return found


def _program() -> Sequence[Path]:
    return [path for path in PROGRAM.iterdir() if path.is_file() and path.name != README]


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make `folder` and write `files` into it, by name."""
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)


def publish(path: Path, files: Mapping[str, bytes]) -> None:
    """Put a folder of `files` in the place of what stands at `path`, whole or not at all.

    Raises:
        OutputError: `path` holds something of the user's own, or cannot be written.
    """
    require_ours(path)
    beside, before = (path.with_name(f".genrekit-{kind}-{path.name}") for kind in ("new", "old"))
    try:
        make_folder(path.parent)
        for leftover in (beside, before):
            shutil.rmtree(leftover, ignore_errors=True)
        write_files(beside, files)
        if path.exists():
            path.rename(before)
        beside.rename(path)
        sync_folder(path.parent)
        shutil.rmtree(before, ignore_errors=True)
    except OSError as error:
        raise refused(path, error) from error


def require_ours(path: Path) -> None:
    """Raise OutputError if something stands at `path` that is neither of an export nor of `make` in one."""
    if not path.exists():
        return
    ours = {*OF_MODEL, *(file.name for file in (*SOURCES.rglob("*.[ch]"), *PROGRAM.iterdir()))}
    for name in sorted(file.name for file in path.iterdir()) if path.is_dir() else [path.name]:
        if name not in ours and not MADE.fullmatch(name):
            raise OutputError(
                f"{path}: expected nothing but an earlier export, found {name}; move it away, or export to another "
                "folder"
            )


def _golden_header(golden: Golden, description: ModelDescription) -> str:
    features = features_of(golden.samples, description)
    windows, frames, n_mfcc = features.shape
    sizes = {
        "WINDOWS": windows,
        "SAMPLES": golden.samples.shape[1],
        "FRAMES": frames,
        "N_MFCC": n_mfcc,
        "LABELS": golden.scores.shape[1],
        "FEATURES_TOLERANCE": number(GOLDEN_FEATURES_TOLERANCE),
        "SCORES_TOLERANCE": number(golden.tolerance),
    }
    return (
        "/* Windows of synthetic music, their MFCC as numpy computes them, and Keras' scores: for the self-test. */\n"
        "#ifndef GENREKIT_GOLDEN_H\n#define GENREKIT_GOLDEN_H\n\n#include <stdint.h>\n\n"
        + "".join(f"#define GOLDEN_{name} {value}\n" for name, value in sizes.items())
        + "\n"
        + array("golden_samples", golden.samples)
        + array("golden_features", features)
        + array("golden_scores", golden.scores.astype(np.float32))
        + "\n#endif\n"
    )
