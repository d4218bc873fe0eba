"""What a training needs to continue after any interruption as if there had been none."""

from __future__ import annotations

import json
import zipfile
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from ...runtime.util.atomic import replacing

CHECKPOINT = "checkpoint.npz"


class Checkpoint:
    """The state after an epoch and the best weights so far, in one file that is replaced whole.

    It is written beside the next epoch: a kill during that epoch finds this state or the one before, and both lead
    to the same end.

    Args:
        folder: the run's folder.
        settings: what makes the training what it is, as JSON keeps it.
    """

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self._path = folder / CHECKPOINT
        self._settings = settings
        self._best: list[np.ndarray] = []
        self._writer = ThreadPoolExecutor(1)
        self._writing: Future | None = None

    def save(self, variables: list, history: list[dict[str, Any]], best: bool) -> None:
        """Keep the state after the last epoch of `history`.

        Args:
            variables: of Keras or TensorFlow, all that an epoch changes.
            history: one row an epoch.
            best: whether this is the best state so far, too.

        Raises:
            OutputError: the state before could not be written.
        """
        self.wait()
        state = [np.array(np.asarray(variable)) for variable in variables]  # copies: the next epoch changes them
        if best:
            self._best = state
        head = json.dumps({"settings": self._settings, "history": history, "state": len(state)})
        # The best epoch is often the last: its arrays are written once.
        kept = [] if self._best is state else self._best
        self._writing = self._writer.submit(_write, self._path, [np.array(head), *state, *kept])

    def wait(self) -> None:
        """Return when the last state stands in the folder; raises OutputError where it cannot."""
        if self._writing is not None:
            writing, self._writing = self._writing, None
            writing.result()

    def found(self) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
        """Settings and history of the state in the folder, whoever wrote it; None where there is none to be read."""
        head, _ = _read(self._path)
        return (head["settings"], head["history"]) if head else None

    def restore(self, variables: list) -> list[dict[str, Any]]:
        """Put `variables` into the saved state and return its history; [] where there is none."""
        head, arrays = _read(self._path)
        if not head:
            return []
        state, best = arrays[: head["state"]], arrays[head["state"] :]
        _assign(variables, state)
        self._best = best or state
        return head["history"]

    def restore_best(self, variables: list) -> None:
        """Put the best epoch's state into `variables`."""
        _assign(variables, self._best)

    def remove(self) -> None:
        """Delete the file, and what a kill in the middle of writing has left of others."""
        self.wait()
        for path in (self._path, *self._path.parent.glob(f".{self._path.stem}-*{self._path.suffix}")):
            path.unlink(missing_ok=True)


def _assign(variables: list, values: list[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _write(path: Path, arrays: list[np.ndarray]) -> None:
    with replacing(path) as temporary:
        np.savez(temporary, *arrays)


def _read(path: Path) -> tuple[dict[str, Any], list[np.ndarray]]:
    """Head and arrays of `path`; ({}, []) where it is missing or damaged, so that training starts anew."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            head, *arrays = (archive[f"arr_{index}"] for index in range(len(archive.files)))
        return json.loads(str(head)), arrays
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        return {}, []
