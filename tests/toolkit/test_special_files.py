"""Pipes, devices, sockets, folders and loops of links, named as a file of any kind or found among files."""

from __future__ import annotations

import os
import shutil
import signal
import socket

import numpy as np
import pytest
import soundfile

from genrekit.runtime.errors import OutputError
from genrekit.runtime.util import in_place
from genrekit.toolkit.corpus.extraction import extract
from genrekit.toolkit.corpus.feature_cache import FeatureCache
from genrekit.toolkit.corpus.scan import scan
from genrekit.toolkit.training.checkpoint import Checkpoint

from ..conftest import LABELS, TINY

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has none of them")
KINDS = {
    "pipe": (os.mkfifo, "a pipe"),
    "device": (lambda path: os.symlink("/dev/zero", path), "a device"),
    "socket": (lambda path: _bind(path), "a socket"),
    "folder": (os.mkdir, "a folder"),
    "loop": (lambda path: os.symlink(os.path.basename(path), path), "levels of symbolic links"),
    "dangling": (lambda path: os.symlink("nowhere", path), "none"),
}
BLOCKING = ("pipe", "device")


def _bind(path):
    here = os.getcwd()
    os.chdir(path.parent)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    os.chdir(here)


@pytest.fixture(autouse=True)
def _never_waited_on():
    """What waits fails after half a minute instead of standing still."""

    def fail(*_):
        raise AssertionError("waited on what is no file")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(30)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(params=KINDS)
def special(request, tmp_path):
    """Makes one at a path under `tmp_path`; gives the path, and what is said of it."""
    make, words = KINDS[request.param]

    def made(name):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path)
        return path, words

    return made


def noise(path, seconds=1.0, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(seed).uniform(-0.5, 0.5, round(seconds * TINY.sample_rate))
    soundfile.write(path, samples, TINY.sample_rate)
    return path


@pytest.fixture
def corpus(tmp_path):
    """Three classes of a track each."""
    for index, label in enumerate(LABELS):
        noise(tmp_path / "corpus" / label / f"{label}.wav", seed=index)
    return tmp_path / "corpus"


def refused(process, path, words):
    """The command ended with one sentence that names the path and what stands there."""
    *_, sentence = process.stderr.splitlines()
    assert process.returncode == 2, process.stderr
    assert path.name in sentence
    assert words in sentence
    assert "unexpected" not in sentence


@pytest.mark.parametrize("command", ["classify", "stream"])
def test_named_as_audio(genrekit, tiny_models, special, command):
    path, words = special("x.wav")
    if path.is_dir() and command == "classify":
        words = "received a folder"
    refused(genrekit(command, tiny_models("dense", "onnx"), path), path, words)


@pytest.mark.parametrize("command", ["inspect", "classify", "evaluate"])
def test_named_as_a_model(genrekit, special, tmp_path, corpus, command):
    path, words = special("m.tflite")
    more = {"classify": [noise(tmp_path / "n.wav")], "evaluate": ["--data", corpus]}.get(command, [])
    refused(genrekit(command, path, *more), path, words)


@pytest.mark.parametrize("command", [("report",), ("compare", "second.json")])
def test_named_as_results(genrekit, special, tmp_path, command):
    path, words = special("r.json")
    words = {"none": "No such file"}.get(words, words)
    process = genrekit(*command[:1], path, *command[1:], cwd=tmp_path)
    assert "cannot be read" in process.stderr
    refused(process, path, words)


def test_report_into(genrekit, special, tmp_path):
    path, _ = special("doc.md")
    results = os.path.join(os.path.dirname(__file__), "..", "..", "results", "quickstart.json")
    process = genrekit("report", results, "--into", path)
    assert process.returncode == 2
    assert "doc.md" in process.stderr
    with pytest.raises((OutputError, RuntimeError)):
        in_place.rewrite(path, b"new")


def test_among_the_files_of_a_library(genrekit, tiny_models, special, corpus, tmp_path):
    path, words = special("corpus/blues/x.wav")
    command = ("classify", tiny_models("dense", "onnx"), corpus, "--recursive", "--jobs", 1)
    for out in ((), ("--out", tmp_path / "rows.csv")):
        process = genrekit(*command, *out)
        written = (tmp_path / "rows.csv").read_text() if out else process.stdout + process.stderr
        assert process.returncode == (2 if not path.is_dir() else 0), process.stderr
        assert path.is_dir() or words in written
        assert all(f"{label}.wav" in written for label in LABELS)


def test_among_the_tracks_of_a_corpus(genrekit, special, corpus):
    path, words = special("corpus/blues/x.wav")
    process = genrekit("corpus", "check", corpus, "--jobs", 1)
    assert process.returncode == 0, process.stderr
    assert f"blues/{path.name}" in process.stdout
    assert {"none": "No such file"}.get(words, words) in process.stdout
    found = scan(corpus)
    assert len(found.fingerprint) == 64
    segments = extract(found, TINY)
    assert [item.file for item in segments.unusable] == ["blues/x.wav"]
    assert words in segments.unusable[0].reason or path.is_dir()


@pytest.mark.parametrize("name", ["split.csv", "corpus/artists.csv", "front_end.json"])
def test_beside_a_corpus(genrekit, tiny_models, special, corpus, name):
    path, words = special(name)
    model = tiny_models("dense", "onnx")
    if name == "front_end.json":
        process = genrekit("train", "cnn", "--data", corpus, "--out", corpus.parent / "runs", "--front-end", path)
    else:
        split = path if name == "split.csv" else "artist"
        process = genrekit("evaluate", model, "--data", corpus, "--split", split)
    words = {"a folder": "", "none": ""}.get(words, words)
    refused(process, path, words)


@pytest.mark.parametrize("option", ["--stream", "--events"])
def test_beside_a_long_recording(genrekit, tiny_models, special, tmp_path, option):
    path, words = special("named")
    files = {"--stream": noise(tmp_path / "n.wav"), "--events": tmp_path / "events.csv"} | {option: path}
    (tmp_path / "events.csv").write_text("start_s,end_s,label")
    process = genrekit("evaluate", tiny_models("dense", "onnx"), *[word for pair in files.items() for word in pair])
    refused(process, path, {"none": "No such file"}.get(words, words) if option == "--events" else words)


@pytest.mark.parametrize("option", ["--labels", "--front-end"])
def test_beside_a_model_of_ones_own(genrekit, tiny_models, special, tmp_path, corpus, option):
    path, words = special("described")
    (tmp_path / "labels.txt").write_text("\n".join(LABELS))
    (tmp_path / "front_end.json").write_text("{}")
    files = {"--labels": tmp_path / "labels.txt", "--front-end": tmp_path / "front_end.json"} | {option: path}
    options = [word for pair in files.items() for word in pair]
    model = shutil.copy(tiny_models("dense", "keras"), tmp_path / "own.keras")
    process = genrekit("export", model, "--out", tmp_path / "models", "--data", corpus, *options)
    refused(process, path, {"none": "No such file"}.get(words, words))


@pytest.mark.parametrize("kind", BLOCKING)
def test_in_a_cache_and_in_a_run(tmp_path, corpus, kind):
    make, _ = KINDS[kind]
    cache = FeatureCache(tmp_path / "cache")
    key = cache.key(b"content", TINY)
    (cache.folder / key[:2]).mkdir(parents=True)
    make(cache.folder / key[:2] / f"{key}.features")
    assert cache.get(key, 1) is None
    make(tmp_path / "checkpoint.npz")
    assert Checkpoint(tmp_path, {}).found() is None
