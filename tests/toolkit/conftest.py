"""A small corpus of real audio files, its segments, and the names of GTZAN's tracks."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import subprocess
import sys
import warnings
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import soundfile

from genrekit.toolkit.cli import app
from genrekit.toolkit.corpus import scan as corpus
from genrekit.toolkit.corpus.extraction import extract
from genrekit.toolkit.splits import assign as splits

from .. import no_network
from ..noise import sitecustomize as noise

RATE = 22050
PITCHES = {"bells": 1760, "drones": 110, "flutes": 523}
NOISE = Path(noise.__file__).parent
QUICK_EPOCHS, QUICK_CALLS = 5, 2  # epochs enough for each model to learn the tones
GTZAN_GENRES = "blues classical country disco hiphop jazz metal pop reggae rock".split()


def write_tone(path, pitch, seed, seconds=9.5):
    """A noisy tone with a slow tremolo: easy to tell apart by pitch, and no two files alike."""
    generator = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    tone = np.sin(2 * np.pi * pitch * time * generator.uniform(0.97, 1.03))
    samples = 0.2 * tone * (1 + 0.5 * np.sin(2 * np.pi * time)) + 0.02 * generator.standard_normal(len(time))
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, RATE)


@pytest.fixture(scope="session")
def corpus_folder(tmp_path_factory):
    """Three genres of five tracks of 9.5 s: three segments each."""
    folder = tmp_path_factory.mktemp("corpus")
    for genre, pitch in PITCHES.items():
        for index in range(5):
            write_tone(folder / genre / f"{genre}.{index:05d}.wav", pitch, [pitch, index])
    return folder


@pytest.fixture(scope="session")
def segments(corpus_folder):
    return extract(corpus.scan(corpus_folder))


def names_only(folder, names, demo=False):
    """Three segments without features for each (genre, name of a track); no file is there."""
    tracks = [corpus.Track(folder / genre / f"{name}.wav", genre) for genre, name in names]
    labels = tuple(sorted({track.genre for track in tracks}))
    once = splits.outline(corpus.Corpus(folder, tuple(tracks), labels, demo))
    rows = np.repeat(np.arange(len(tracks)), 3)
    return dataclasses.replace(
        once, labels=once.labels[rows], tracks=once.tracks[rows], positions=rows % 3, padded=once.padded[rows]
    )


def write_split(path, segments, test=("bells.00000",), validation=("drones.00001",)):
    """A split file at `path`: these tracks test and validate, all others train. Returns its path as text."""
    part = dict.fromkeys(test, "test") | dict.fromkeys(validation, "validation")
    rows = [f"{track.name},{part.get(track.name, 'train')}" for track in segments.corpus.tracks]
    path.write_text("\n".join(["track,part", *rows]) + "\n")
    return str(path)


@pytest.fixture(scope="session")
def gtzan(tmp_path_factory):
    """The names of GTZAN's 1000 tracks."""
    names = [(genre, f"{genre}.{number:05d}") for genre in GTZAN_GENRES for number in range(100)]
    return names_only(tmp_path_factory.mktemp("gtzan"), names)


@pytest.fixture(scope="session")
def segments_with_shifts(corpus_folder):
    """The same with the windows that the edge recipe draws from."""
    return extract(corpus.scan(corpus_folder), shifts=4, rooms=2)


def run_command(*arguments, **options):
    """`genrekit` with these arguments, as a user would start it, where libraries speak up; none may be heard."""
    command = [sys.executable, "-m", "genrekit.toolkit.cli.app", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(NOISE)}
    if no_network.allowed:
        environment["GENREKIT_TEST_NETWORK"] = "1"
    process = subprocess.run(command, capture_output=True, env=environment, **{"text": True, **options})
    if "--debug" not in arguments:
        assert heard(process) == []
    return process


def heard(process):
    """Which of the libraries' words stand in the output of a process, see `tests/noise`."""
    output = process.stdout + process.stderr
    text = output if isinstance(output, str) else output.decode()
    words = (noise.ABSL, noise.ONE_DNN, noise.WARNED, noise.LOGGED, no_network.USED)
    return [each for each in words if each in text]


@pytest.fixture(scope="session")
def genrekit_process():
    return run_command


@pytest.fixture(scope="session")
def genrekit():
    """`genrekit` with these arguments, in this process: as quick as what it does."""

    def run(*arguments, cwd=".", env=()):
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace", write_through=True) for _ in range(2))
        with (
            mock.patch.dict(os.environ, env),
            contextlib.chdir(cwd),
            warnings.catch_warnings(action="ignore"),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = app.run([str(argument) for argument in arguments])
        printed, said = (output.buffer.getvalue().decode() for output in (out, err))
        return subprocess.CompletedProcess(arguments, code, printed, said)

    return run


@pytest.fixture(scope="session")
def quickstart(corpus_folder, tmp_path_factory):
    """The finished process of a quick `genrekit quickstart` on the small corpus, and its folder."""
    out = tmp_path_factory.mktemp("quickstart") / "out"
    options = ("--epochs", QUICK_EPOCHS, "--calls", QUICK_CALLS)
    return run_command("quickstart", "--data", corpus_folder, "--out", out, *options), out


@pytest.fixture(scope="session")
def exported(quickstart):
    """The folder with the 24 files."""
    process, out = quickstart
    assert process.returncode == 0, process.stderr
    return out / "models"


@pytest.fixture(scope="session")
def clip(corpus_folder):
    """A track of 9.5 s."""
    return corpus_folder / "bells" / "bells.00000.wav"
