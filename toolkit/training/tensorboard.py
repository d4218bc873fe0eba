"""Curves of a training for TensorBoard, which reading them needs; writing them takes TensorFlow alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...runtime.errors import OutputError
from .metrics import Epoch

TAGS = {
    "loss": "loss/training",
    "val_loss": "loss/validation",
    "accuracy": "accuracy/training",
    "val_accuracy": "accuracy/validation",
    "seconds": "seconds_per_epoch",
}


class EventFile:
    """An event file of one run, written anew from its history when a training begins or continues.

    Args:
        folder: gets the file; other event files in it are removed, because they hold the same run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: Any = None
        self._written = 0

    def __call__(self, history: Sequence[Epoch], epochs: int) -> None:
        """Add the rows of `history` that the file has not; raises OutputError."""
        import tensorflow as tf

        if self._writer is None:
            self._remove_old()
            self._writer = tf.summary.create_file_writer(str(self._folder))
        # What tf.summary.scalar writes; that function itself would need the package tensorboard.
        scalars = tf.compat.v1.SummaryMetadata(plugin_data={"plugin_name": "scalars"})
        with self._writer.as_default():
            for row in history[self._written :]:
                for name, tag in TAGS.items():
                    tf.summary.write(tag, tf.constant(getattr(row, name)), row.epoch, scalars)
        self._writer.flush()
        self._written = len(history)

    def _remove_old(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for old in self._folder.glob("events.out.tfevents.*"):
                old.unlink()
        except OSError as error:
            raise OutputError(f"cannot write {self._folder}: {error.strerror}; choose another folder") from error
