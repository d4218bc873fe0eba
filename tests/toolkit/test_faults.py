"""Kills, full disks, losses of power and two commands at once, as commands meet them."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from genrekit.runtime.util.lock import sole_writer
from genrekit.toolkit.demo_corpus import make_demo_corpus

from ..fuzz import kills

LIMIT = 10_000  # bytes: less than any output here takes


@pytest.fixture(scope="module")
def trained(genrekit, corpus_folder, tmp_path_factory):
    """A folder with runs/mlp and models/mlp-int8.tflite."""
    folder = tmp_path_factory.mktemp("trained")
    for command in (
        ("train", "mlp", "--data", corpus_folder, "--out", folder / "runs", "--epochs", 2),
        ("export", folder / "runs/mlp", "--out", folder / "models", "--format", "tflite", "--precision", "int8"),
    ):
        assert genrekit(*command).returncode == 0
    return folder


def commands(trained, corpus_folder, out):
    """A command line of each kind that writes into `out`, and what the second of two at once finds taken."""
    model, quick = trained / "models/mlp-int8.tflite", ("--calls", 2, "--rounds", 1, "--seconds", 0, "--paced-calls", 0)
    return {
        "corpus make": (("corpus", "make", out, "--tracks-per-genre", 1, "--seconds", 2), out),
        "train": (("train", "mlp", "--data", corpus_folder, "--out", out, "--epochs", 1), out / "mlp"),
        "export": (("export", trained / "runs/mlp", "--out", out, "--precision", "float32"), out),
        "bench": (("bench", model, "--data", corpus_folder, "--out", out / "bench.json", *quick), out / "bench.json"),
        "quickstart": (("quickstart", "--data", corpus_folder, "--out", out, "--epochs", 1), out),
        "classify": (("classify", model, corpus_folder, "-r", "--out", out / "rows.csv"), out / "rows.csv"),
    }


@pytest.mark.parametrize("name", ["corpus make", "train", "export", "bench", "quickstart"])
def test_the_second_of_two_at_once_is_refused_in_a_sentence(genrekit, trained, corpus_folder, tmp_path, name):
    command, taken = commands(trained, corpus_folder, tmp_path / "out")[name]
    with sole_writer(taken, folder=name != "bench"):
        process = genrekit(*command)
        assert process.returncode == 2
        expected = rf"genrekit: {re.escape(str(taken))}: expected .* but process {os.getpid()} is writing it; wait"
        assert re.search(expected, process.stderr)
        assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file() and "lock" not in path.name]


@pytest.mark.parametrize("name", ["train", "export", "bench", "classify"])
def test_a_file_size_limit_is_reported_with_what_was_needed(genrekit, trained, corpus_folder, tmp_path, name):
    """As a full disk is, see tests/runtime/test_room.py."""
    command, _ = commands(trained, corpus_folder, tmp_path / "out")[name]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, hard))
    try:
        process = genrekit(*command)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert process.returncode == 1, process.stderr
    (sentence,) = [line for line in process.stderr.splitlines() if line.startswith("genrekit: ")]
    assert re.search(rf"cannot write .* bytes were to be written, .* may have at most {LIMIT:,} \(ulimit", sentence)
    assert "Traceback" not in process.stderr
    assert not [path for path in (tmp_path / "out").rglob(".*")]
    kills.require_readable(tmp_path / "out")


@pytest.fixture
def on_the_disk(monkeypatch):
    """Inodes of files and folders on the disk as far as this process has seen to it, in the order of fsync."""
    made = []
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: made.append(os.fstat(descriptor).st_ino) or sync(descriptor))
    return made


@pytest.mark.parametrize("name", ["train", "export", "classify"])
def test_what_is_reported_is_on_the_disk(genrekit, trained, corpus_folder, tmp_path, on_the_disk, name):
    command, _ = commands(trained, corpus_folder, tmp_path / "out")[name]
    assert genrekit(*command).returncode == 0
    for path in [tmp_path / "out", *(tmp_path / "out").rglob("*")]:
        assert path.is_dir() or path.stat().st_ino in on_the_disk, path
        assert path.parent.stat().st_ino in on_the_disk, path  # where its name is


def test_what_the_demo_corpus_holds_is_on_the_disk(tmp_path, on_the_disk):
    for path in make_demo_corpus(tmp_path / "demo", tracks_per_genre=1, seconds=1):
        assert path.stat().st_ino in on_the_disk
        assert path.parent.stat().st_ino in on_the_disk


def test_a_finished_training_leaves_no_state_behind_however_it_ended(genrekit, trained, corpus_folder, tmp_path):
    shutil.copytree(trained / "runs", tmp_path / "runs")
    left = [tmp_path / "runs/mlp" / name for name in ("checkpoint.npz", ".genrekit-0123abcd-checkpoint.npz")]
    for path in left:  # a kill behind the last file
        path.write_bytes(b"state")
    command = ("train", "mlp", "--data", corpus_folder, "--out", tmp_path / "runs", "--epochs", 2, "--json")
    process = genrekit(*command)
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout)[0]["epochs"] == 2
    assert not any(path.exists() for path in left)


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="processes are found in Linux' /proc")
def test_a_killed_command_leaves_nothing_that_the_next_does_not_mend():
    """`make fuzz` kills the others, too, more often. In a process of its own: forks of this one have its threads."""
    command = [sys.executable, "-m", "tests.fuzz.kills", "--only", "corpus make", "--kills", "2", "--seed", "1"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "killed: {'corpus make': 2}; broken: 0" in done.stdout
