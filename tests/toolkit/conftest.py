"""A small corpus of real audio files, its segments, and the names of GTZAN's tracks."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from genrekit.toolkit.corpus import scan as corpus
from genrekit.toolkit.corpus.extraction import extract
from genrekit.toolkit.splits import assign as splits

RATE = 22050
PITCHES = {"bells": 1760, "drones": 110, "flutes": 523}
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
    return dataclasses.replace(once, labels=once.labels[rows], tracks=once.tracks[rows], positions=rows % 3)


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
    return extract(corpus.scan(corpus_folder), shifts=4)


def run_command(*arguments, **options):
    """`genrekit` with these arguments, as a user would start it."""
    command = [sys.executable, "-m", "genrekit.toolkit.cli.app", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, **{"text": True, **options})


@pytest.fixture(scope="session")
def genrekit():
    return run_command


@pytest.fixture(scope="session")
def quickstart(corpus_folder, tmp_path_factory):
    """The finished process of `genrekit quickstart` on the small corpus, and its folder."""
    out = tmp_path_factory.mktemp("quickstart") / "out"
    return run_command("quickstart", "--data", corpus_folder, "--out", out, "--epochs", 60), out


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
