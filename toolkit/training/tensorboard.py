"""Curves of a training for TensorBoard, which reading them needs; writing them takes TensorFlow alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ...runtime.util.atomic import require_writable
from .spec import Epoch

TAGS = {
    "loss": "loss/training",
    "val_loss": "loss/validation",
    "accuracy": "accuracy/training",
    "val_accuracy": "accuracy/validation",
    "seconds": "seconds_per_epoch",
}


def event_writer(folder: Path) -> Callable[[Sequence[Epoch], int], None]:
    """What adds to an event file in `folder` the rows of a history that it has not; raises OutputError.

    The file is written anew when a training begins or continues: others in the folder hold the same run.
    """
    import tensorflow as tf

    require_writable(folder)
    for old in folder.glob("events.out.tfevents.*"):
        old.unlink()
    writer = tf.summary.create_file_writer(str(folder))
    # What tf.summary.scalar writes; that function itself would need the package tensorboard.
    scalars = tf.compat.v1.SummaryMetadata(plugin_data={"plugin_name": "scalars"})
    written = 0

    def write(history: Sequence[Epoch], epochs: int) -> None:
        nonlocal written
        with writer.as_default():
            for row in history[written:]:
                for name, tag in TAGS.items():
                    tf.summary.write(tag, tf.constant(getattr(row, name)), row.epoch, scalars)
        writer.flush()
        written = len(history)

    return write
