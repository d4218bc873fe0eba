"""A model that genrekit did not train, as a run: its labels and its front end come from files of the user's."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
from pathlib import Path
from typing import TYPE_CHECKING

from ...converters.keras_graph.macs import count_macs, macs_notes
from ...runtime import ModelDescription
from ...runtime.errors import GenrekitError, MissingFileError, ModelFileError, ParameterError
from ...runtime.modelfile.description import FORMAT_VERSION
from ...runtime.util.regular import read_text
from ..corpus.front_ends import read_fields
from ..training.run_folder import ExportFeatures, Run

if TYPE_CHECKING:
    import keras

SAVED_MODEL = "saved_model.pb"
NOTE = (
    "Not trained by genrekit, which does not know on what it was: quantised and compared on two parts of the corpus "
    "that was named."
)


@dataclasses.dataclass(frozen=True)
class ExternalRun(Run):
    """A run of which there is only the model."""

    model: keras.Model

    def keras_model(self) -> keras.Model:
        """The model, as the converters take it."""
        return self.model

    def export_features(self) -> ExportFeatures:
        """Raises ParameterError: there are none."""
        raise ParameterError(f"{self.folder}: expected a corpus to quantise and compare with; name it with --data")


def is_external(path: Path) -> bool:
    """Whether `path` is a .keras file or the folder of a SavedModel, rather than a run."""
    return path.suffix == ".keras" or (path / SAVED_MODEL).is_file()


def external_run(path: Path, labels: Path | None, front_end: Path | None) -> ExternalRun:
    """A .keras file or SavedModel with its labels and its front end.

    Args:
        path: the model.
        labels: a text file with one label a line, in the order of the outputs.
        front_end: JSON with the fields of MfccConfig that differ from the defaults and, where the model takes
            normalised features, "normalization": {"mean": [...], "std": [...]}.

    Raises:
        ParameterError: `labels` or `front_end` is None.
        MissingFileError, ModelFileError: a file is missing or cannot be used.
        UnsupportedModelError: a model that the converters do not take.
    """
    from ...converters.keras_graph.external_model import load_external_model

    if labels is None or front_end is None:
        raise ParameterError(
            f"{path}: labels={labels}, front_end={front_end}: expected both, because genrekit did not train this "
            "model; name them with --labels and --front-end"
        )
    description = _description(path, labels, front_end)
    config = description.front_end
    shape = (config.window_frames, config.n_mfcc)
    model, notes = load_external_model(path, shape, len(description.labels))
    described = dataclasses.replace(
        description,
        parameters=model.count_params(),
        macs=count_macs(model),
        notes=(NOTE, *notes, *macs_notes(model)),
        toolkit_version=importlib.metadata.version("genrekit"),
    )
    return ExternalRun(path, described, None, model)


def _description(path: Path, labels: Path, front_end: Path) -> ModelDescription:
    """Checked as a description that a model file carries is."""
    names = [line.strip() for line in _text(labels).splitlines() if line.strip()]
    fields = read_fields(front_end)
    normalization = fields.pop("normalization", None)
    described = {
        "format_version": FORMAT_VERSION,
        "model": path.stem,
        "labels": names,
        "front_end": fields,
        "normalization": normalization,
    }
    try:
        return ModelDescription.from_json(json.dumps(described), f"{labels}, {front_end}")
    except GenrekitError as error:
        raise ModelFileError(f"{error}; correct the file") from error


def _text(path: Path) -> str:
    try:
        return read_text(path)
    except UnicodeDecodeError as error:
        raise ModelFileError(f"{path}: expected a text file (UTF-8) with a label a line; save it as one") from error
    except OSError as error:
        raise MissingFileError(f"{path}: expected a text file, but it cannot be read ({error.strerror})") from error
