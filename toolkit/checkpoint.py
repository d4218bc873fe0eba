"""What a training needs to continue after any interruption as if there had been none."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..runtime.atomic import replacing

if TYPE_CHECKING:
    import keras


class Checkpoint:
    """The state after an epoch, in two files that are each replaced whole.

    Args:
        folder: the run's folder.
        settings: what makes the training what it is; a checkpoint of other settings is not this one's.
    """

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self._state = folder / "checkpoint.npz"
        self._best = folder / "checkpoint-best.npz"
        self._settings = settings

    def save(self, model: keras.Model, history: list[dict[str, Any]], best: bool) -> None:
        """Keep the model with its optimizer after the last epoch of `history`; `best`: also as the best so far."""
        if best:  # first, so that the state never speaks of a best epoch that is not there
            _write(self._best, _values(model.variables))
        head = json.dumps({"settings": self._settings, "history": history})
        _write(self._state, [np.array(head), *_values(_state_variables(model))])

    def restore(self, model: keras.Model) -> list[dict[str, Any]]:
        """Put the compiled `model` into the saved state and return its history; [] where there is none."""
        stored = _read(self._state)
        head = json.loads(str(stored[0])) if stored else {}
        if head.get("settings") != self._settings:
            return []
        model.optimizer.build(model.trainable_variables)
        _assign(_state_variables(model), stored[1:])
        return head["history"]

    def restore_best(self, model: keras.Model) -> None:
        """Put the best epoch's weights into `model`."""
        _assign(model.variables, _read(self._best))

    def remove(self) -> None:
        """Delete the files once the run is complete."""
        self._state.unlink(missing_ok=True)
        self._best.unlink(missing_ok=True)


def _state_variables(model: keras.Model) -> list:
    # The model's own include its dropout layers' random state.
    return [*model.variables, *model.optimizer.variables]


def _values(variables: list) -> list[np.ndarray]:
    return [np.asarray(variable) for variable in variables]


def _assign(variables: list, values: list[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _write(path: Path, arrays: list[np.ndarray]) -> None:
    with replacing(path) as temporary:
        np.savez(temporary, *arrays)


def _read(path: Path) -> list[np.ndarray]:
    """The arrays in `path`; [] where it is missing or damaged, so that training starts anew."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return [archive[f"arr_{index}"] for index in range(len(archive.files))]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return []
