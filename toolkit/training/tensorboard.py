"""Curves of a training for TensorBoard, which reading them needs; writing them takes TensorFlow alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...runtime.errors import OutputError

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

    def __call__(self, history: list[dict[str, Any]], epochs: int) -> None:
        """Add the rows of `history` that the file has not; raises OutputError."""
        import tensorflow as tf

        if self._writer is None:
            self._writer = self._open()
        for row in history[self._written :]:
            for name, tag in TAGS.items():
                # tf.summary.scalar would need the package tensorboard.
                tf.raw_ops.WriteScalarSummary(
                    writer=self._writer, step=tf.constant(row["epoch"], tf.int64), tag=tag, value=tf.constant(row[name])
                )
        tf.raw_ops.FlushSummaryWriter(writer=self._writer)
        self._written = len(history)

    def _open(self) -> Any:
        import tensorflow as tf

        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for old in self._folder.glob("events.out.tfevents.*"):
                old.unlink()
        except OSError as error:
            raise OutputError(f"cannot write {self._folder}: {error.strerror}; choose another folder") from error
        writer = tf.raw_ops.SummaryWriter(shared_name=str(self._folder.resolve()), container="")
        tf.raw_ops.CreateSummaryFileWriter(
            writer=writer, logdir=str(self._folder), max_queue=10, flush_millis=60_000, filename_suffix=""
        )
        return writer
