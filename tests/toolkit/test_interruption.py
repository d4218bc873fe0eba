"""A training whose process is killed ends as one that was not: real processes, SIGKILL, weights bit for bit."""

from __future__ import annotations

import dataclasses
import pickle
import signal
import subprocess
import sys

import numpy as np
import pytest

from genrekit.toolkit.models import MODELS
from genrekit.toolkit.splits import assign as splits
from genrekit.toolkit.training.recipes import recipe
from genrekit.toolkit.training.run_folder import load_run
from genrekit.toolkit.training.spec import Training
from genrekit.toolkit.training.train import train

EPOCHS = 6
CHILD = """
import os, pickle, signal, sys
from pathlib import Path
import numpy as np
from genrekit.toolkit.training.train import train

training = pickle.loads(Path(sys.argv[1]).read_bytes())
folder, epoch, place = Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
save, written = np.savez, []

def save_half(path, *arrays):
    save(path, *arrays)
    written.append(path)
    if len(written) == epoch:
        Path(path).write_bytes(Path(path).read_bytes()[:1000])
        os.kill(os.getpid(), signal.SIGKILL)

if place == "writing":
    np.savez = save_half

def kill_between_epochs(history, epochs):
    if place == "between" and len(history) == epoch:
        os.kill(os.getpid(), signal.SIGKILL)

train(training, folder, kill_between_epochs)
"""


@pytest.fixture(scope="module")
def training(segments_with_shifts):
    """The CNN has dropout and batch norm; the recipe here has every option on."""
    edge = recipe("edge", "cnn", EPOCHS)
    assert edge.schedule
    assert edge.best_epoch
    assert edge.mixup or edge.timbre
    assert edge.shifts > 1
    parts = splits.assign(segments_with_shifts, "track", 3)
    return Training(MODELS["cnn"], edge, segments_with_shifts, parts, "track", 3)


@pytest.fixture(scope="module")
def uninterrupted(training, tmp_path_factory):
    folder = tmp_path_factory.mktemp("uninterrupted")
    return folder, train(training, folder)


def kill(training, folder, epoch, place):
    folder.mkdir()
    job = folder.parent / "training.pickle"
    job.write_bytes(pickle.dumps(training))
    process = subprocess.run([sys.executable, "-c", CHILD, job, folder, str(epoch), place], capture_output=True)
    assert process.returncode == -signal.SIGKILL, process.stderr.decode()
    assert not (folder / "metrics.json").exists()


@pytest.mark.parametrize(("epoch", "place"), [pytest.param(4, "between", marks=pytest.mark.slow), (3, "writing")])
def test_a_killed_training_ends_with_the_same_weights(training, uninterrupted, tmp_path, epoch, place):
    kill(training, tmp_path / "run", epoch, place)
    resumed, epochs = [], []
    metrics = train(
        training,
        tmp_path / "run",
        lambda history, total: epochs.append(len(history)),
        on_resume=resumed.append,
    )
    assert resumed[0] in (epoch - 1, epoch)  # the state after an epoch is written beside the next one
    assert epochs == list(range(resumed[0] + 1, EPOCHS + 1))
    ours, expected = (load_run(run).keras_model().get_weights() for run in (tmp_path / "run", uninterrupted[0]))
    for first, second in zip(ours, expected, strict=True):
        np.testing.assert_array_equal(first, second)
    assert without_seconds(metrics) == without_seconds(uninterrupted[1])
    assert not list((tmp_path / "run").glob(".*"))
    assert not (tmp_path / "run" / "checkpoint.npz").exists()


def without_seconds(metrics):
    return dataclasses.replace(metrics, seconds_per_epoch=None)
