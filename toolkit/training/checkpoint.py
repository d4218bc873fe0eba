"""What a training needs to continue after any interruption as if there had been none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...runtime.util.atomic import remove_leftovers, replacing
from ...runtime.util.regular import open_regular
from .spec import Epoch

CHECKPOINT = "checkpoint.npz"
_FIGURES = [field.name for field in fields(Epoch)][1:]


class _Saved(NamedTuple):
    settings: dict[str, Any]
    history: list[Epoch]
    state: list[np.ndarray]
    best: list[np.ndarray]  # empty where it is the state


class Checkpoint:
    """The state after an epoch and the best weights so far, in one file that is replaced in one step.

    It is written beside the next epoch: a kill during that epoch finds this state or the one before, and both lead
    to the same end. `settings` are what makes the training in `folder` what it is, as JSON keeps it.
    """

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self._path = folder / CHECKPOINT
        self._settings = settings
        self._best: list[np.ndarray] = []
        self._writer = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None

    def save(self, variables: Sequence[Any], history: Sequence[Epoch], best: bool) -> None:
        """Keep the state after the last epoch of `history`; raises OutputError where the one before was not written.

        Args:
            variables: of Keras or TensorFlow, all that an epoch changes.
            history: one row an epoch.
            best: whether this is the best state so far, too.
        """
        self.wait()
        state = [np.array(np.asarray(variable)) for variable in variables]  # copies: the next epoch changes them
        if best:
            self._best = state
        head = json.dumps(
            {"settings": self._settings, "history": [asdict(row) for row in history], "state": len(state)}
        )
        # The best epoch is often the last: its arrays are written once.
        kept = [] if self._best is state else self._best
        self._writing = self._writer.submit(_write, self._path, [np.array(head), *state, *kept])

    def wait(self) -> None:
        """Return when the last state stands in the folder; raises OutputError where it cannot."""
        if self._writing is not None:
            writing, self._writing = self._writing, None
            writing.result()

    def found(self) -> tuple[dict[str, Any], list[Epoch]] | None:
        """Settings and history of the state in the folder, whoever wrote it; None where there is none to be read."""
        saved = _read(self._path)
        return (saved.settings, saved.history) if saved else None

    def restore(self, variables: Sequence[Any]) -> list[Epoch]:
        """Put `variables` into the saved state and return its history; [] where there is none."""
        saved = _read(self._path)
        if saved is None or not (_fit(variables, saved.state) and _fit(variables, saved.best or saved.state)):
            return []
        _assign(variables, saved.state)
        self._best = saved.best or saved.state
        return saved.history

    def restore_best(self, variables: Sequence[Any]) -> None:
        """Put the best epoch's state into `variables`."""
        _assign(variables, self._best)

    def remove(self) -> None:
        """Delete the file, and what a kill in the middle of writing has left of others."""
        self.wait()
        self._path.unlink(missing_ok=True)
        remove_leftovers(self._path.parent)


def _fit(variables: Sequence[Any], values: list[np.ndarray]) -> bool:
    """Whether the values are those of such variables: shapes, and numbers of whatever width."""
    return [tuple(variable.shape) for variable in variables] == [value.shape for value in values] and all(
        value.dtype.kind in "biuf" for value in values
    )


def _assign(variables: Sequence[Any], values: list[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _write(path: Path, arrays: list[np.ndarray]) -> None:
    with replacing(path) as temporary:
        np.savez(temporary, *arrays)


def _read(path: Path) -> _Saved | None:
    """What `path` holds; None where it is missing or damaged, so that training starts anew."""
    try:
        with open_regular(path) as file, np.load(file, allow_pickle=False) as archive:
            text, *arrays = (archive[f"arr_{index}"] for index in range(len(archive.files)))
        head = json.loads(str(text))
        history = [Epoch(int(row["epoch"]), *(float(row[name]) for name in _FIGURES)) for row in head["history"]]
        return _Saved(dict(head["settings"]), history, arrays[: head["state"]], arrays[head["state"] :])
    except Exception:  # of a damaged archive zipfile and numpy raise whatever their parts raise
        return None
