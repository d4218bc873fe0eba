"""A run folder as others use it: the trained model, what it says of itself, and the segments an export needs.

The run keeps features of its own segments, so that a model can be exported where its corpus is not.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...bench.results.reader import read_typed
from ...converters.quantize.calibration import choose_calibration
from ...converters.trained_model import Calibration
from ...runtime import ModelDescription
from ...runtime.errors import MissingFileError, ModelFileError, ParameterError, first_words
from ...runtime.modelfile.reader import check_archive, read_description
from ...runtime.util.atomic import replacing
from ...runtime.util.regular import open_regular, read_bytes, read_text
from ..corpus.segments import Segments
from .spec import Epoch, Metrics

if TYPE_CHECKING:
    import keras

METRICS, MODEL, DESCRIPTION, HISTORY = "metrics.json", "model.keras", "description.json", "history.csv"
EXPORT_FEATURES = "export_features.npz"
CALIBRATION_SEGMENTS = 200
_SINCE_AUDIO = {"parity_files", "parity_positions"}  # runs of older versions do without
PARITY_SEGMENTS = 1000  # fewer cannot show an agreement of 99.5 %


@dataclasses.dataclass(frozen=True)
class ExportFeatures:
    """Raw MFCC of segments that an export needs.

    Attributes:
        calibration: of the training part, float32 [shape=(n, frames, n_mfcc)], with their labels.
        parity: of segments never trained on, float32 [shape=(m, frames, n_mfcc)], with their labels.
        parity_files: the audio file that each of them is of [shape=(m,)]; empty in runs of older versions.
        parity_positions: its index among the file's segments [shape=(m,)].
    """

    calibration: np.ndarray
    calibration_labels: np.ndarray
    parity: np.ndarray
    parity_labels: np.ndarray
    parity_files: np.ndarray = dataclasses.field(default_factory=lambda: np.empty(0, np.str_))
    parity_positions: np.ndarray = dataclasses.field(default_factory=lambda: np.empty(0, np.int64))

    @classmethod
    def choose(cls, segments: Segments, subsets: np.ndarray, seed: int) -> ExportFeatures:
        """Random segments: `CALIBRATION_SEGMENTS` trained on, `PARITY_SEGMENTS` never trained on, or all there are."""
        generator = np.random.default_rng(seed)
        train = _draw(np.flatnonzero(subsets == "train"), CALIBRATION_SEGMENTS, generator)
        held_out = _draw(np.flatnonzero(np.isin(subsets, ("validation", "test"))), PARITY_SEGMENTS, generator)
        features, labels = segments.features, segments.labels
        files = [str(segments.corpus.tracks[track].path.absolute()) for track in segments.tracks[held_out]]
        return cls(
            features[train],
            labels[train],
            features[held_out],
            labels[held_out],
            np.array(files, np.str_),
            segments.positions[held_out],
        )

    def relabelled(self, indices: Sequence[int]) -> ExportFeatures:
        """The same with labels of another order: class index i becomes ``indices[i]``."""
        labels = np.array(indices)
        return dataclasses.replace(
            self, calibration_labels=labels[self.calibration_labels], parity_labels=labels[self.parity_labels]
        )

    def save(self, path: Path) -> None:
        """Write to an .npz; raises OutputError."""
        with replacing(path) as temporary:
            np.savez(temporary, **{field.name: getattr(self, field.name) for field in dataclasses.fields(self)})

    @classmethod
    def load(cls, path: Path) -> ExportFeatures:
        """The inverse of `save`; raises whatever zipfile and numpy raise of a damaged one."""
        with open_regular(path) as file, np.load(file, allow_pickle=False) as archive:
            names = [field.name for field in dataclasses.fields(cls)]
            return cls(**{name: archive[name] for name in names if name in archive or name not in _SINCE_AUDIO})


def _draw(indices: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    return np.sort(generator.choice(indices, min(count, len(indices)), replace=False))


@dataclasses.dataclass(frozen=True)
class Run:
    """A finished training; `metrics` is None where there is no metrics.json."""

    folder: Path
    description: ModelDescription
    metrics: Metrics | None

    def keras_model(self) -> keras.Model:
        """Load the model; raises ModelFileError where it is not to be unpacked, or Keras cannot."""
        import keras

        check_archive(self.folder / MODEL)
        try:
            return keras.saving.load_model(self.folder / MODEL, compile=False, safe_mode=True)
        except Exception as error:  # Keras raises whatever its parts raise
            raise ModelFileError(
                f"{self.folder / MODEL}: expected a Keras model, but Keras says: {first_words(error)}; "
                f"{_start_anew(self.folder)}"
            ) from error

    def export_features(self) -> ExportFeatures:
        """The segments kept for exporting; raises ModelFileError where they are missing or damaged."""
        path = self.folder / EXPORT_FEATURES
        try:
            features = ExportFeatures.load(path)
            self._require_fitting(features)
        except Exception as error:  # of a damaged archive zipfile and numpy raise whatever their parts raise
            raise ModelFileError(
                f"{path}: expected the segments that the training kept for quantising and checking, found none that "
                "can be read; name the corpus with --data"
            ) from error
        return features

    def _require_fitting(self, features: ExportFeatures) -> None:
        """Raise ValueError where the segments cannot be those that the model was trained on and compared with."""
        config, classes = self.description.front_end, len(self.description.labels)
        for windows, labels in (
            (features.calibration, features.calibration_labels),
            (features.parity, features.parity_labels),
        ):
            if windows.shape != (len(labels), config.window_frames, config.n_mfcc) or labels.ndim != 1:
                raise ValueError("segments of another front end")
            if windows.dtype != np.float32 or labels.dtype.kind not in "iu" or not np.isfinite(windows).all():
                raise ValueError("segments or labels that are no numbers")
            if len(labels) and not 0 <= labels.min() <= labels.max() < classes:
                raise ValueError("labels of other classes")
        for origins in (features.parity_files, features.parity_positions):
            if origins.shape not in ((0,), features.parity_labels.shape):
                raise ValueError("origins of other segments")

    def calibration(self, features: ExportFeatures) -> Calibration:
        """The normalised segments that set the quantised ranges."""
        seed = self.description.seed or 0
        count = min(CALIBRATION_SEGMENTS, len(features.calibration))
        return choose_calibration(self.normalised(features.calibration), features.calibration_labels, count, seed)

    def normalised(self, features: np.ndarray) -> np.ndarray:
        """Raw MFCC as the model wants them."""
        normalization = self.description.normalization
        return normalization.apply(features) if normalization else features


def is_run(folder: Path) -> bool:
    """Whether `folder` holds a model that genrekit trained, whole or not."""
    return (folder / MODEL).is_file()


def load_run(folder: str | Path) -> Run:
    """Read a run folder.

    Raises:
        MissingFileError: no such folder, or no model in it.
        ModelFileError: model, description or metrics are damaged.
    """
    folder = Path(folder)
    if not is_run(folder):
        raise MissingFileError(
            f"{folder}: expected a run folder with {MODEL}, found none; train one with `genrekit train`"
        )
    description = require_model(folder)
    metrics = read_metrics(folder) if (folder / METRICS).is_file() else None
    return Run(folder, description, metrics)


def require_whole(folder: Path) -> None:
    """Raise ModelFileError where a file of a finished run is damaged or missing, as far as that is seen at a glance."""
    require_model(folder)
    read_metrics(folder)
    read_history(folder)
    _require_archive(folder / EXPORT_FEATURES)


def require_model(folder: Path) -> ModelDescription:
    """The same for the model and what it says of itself alone, which it returns."""
    _require_archive(folder / MODEL)
    try:
        json.loads(read_bytes(folder / DESCRIPTION))
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(folder / DESCRIPTION) from error
    return read_description(folder / MODEL)


def _require_archive(path: Path) -> None:
    """Both .keras and .npz are zip archives, whose parts have checksums."""
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            broken = archive.testzip()
    except Exception as error:  # of a damaged archive zipfile raises whatever its parts raise
        raise _damaged(path) from error
    if broken:
        raise _damaged(path)


def _damaged(path: Path) -> ModelFileError:
    found = "a damaged one" if path.is_file() else "none"
    return ModelFileError(f"{path}: expected the file of a finished run, found {found}; {_start_anew(path.parent)}")


def _start_anew(folder: Path) -> str:
    return f"start anew: run `genrekit train` with --restart, or remove {folder}"


def read_metrics(folder: Path) -> Metrics:
    """The metrics of a finished run; raises ModelFileError where they are missing or damaged."""
    try:
        return read_typed(folder / METRICS, Metrics, "the metrics of a run", _start_anew(folder))
    except (MissingFileError, ParameterError) as error:
        raise ModelFileError(str(error)) from error


def read_history(folder: Path) -> tuple[Epoch, ...]:
    """The rows of a finished run's history.csv, one an epoch; raises ModelFileError where it is missing or damaged."""
    path = folder / HISTORY
    try:
        reader = csv.DictReader(io.StringIO(read_text(path), newline=""), strict=True)
        numbers = [{name: float(value) for name, value in row.items()} for row in reader]
        rows = tuple(Epoch(int(row.pop("epoch")), **row) for row in numbers)
    except (OSError, OverflowError, TypeError, ValueError, KeyError, csv.Error) as error:
        raise _damaged(path) from error
    if not rows:
        raise _damaged(path)
    return rows
