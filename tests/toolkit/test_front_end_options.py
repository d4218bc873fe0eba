"""The front-end options of the commands that train: what they mean, and what they refuse before audio is read."""

from __future__ import annotations

import json

import numpy as np
import pytest

from genrekit.runtime import load
from genrekit.toolkit.corpus.front_ends import SPEECH
from genrekit.toolkit.models import MODELS

from .test_front_ends import write_clips

OPTIONS = ("--sample-rate", 8000, "--window", 0.5, "--n-fft", 256, "--hop", 100, "--n-mels", 20, "--n-mfcc", 12)
# Each command with what stands before its options, and the folder under --out that it trains into first.
COMMANDS = {
    "train": (("train", "mlp"), "mlp"),
    "quickstart": (("quickstart",), "runs/mlp"),
    "ablation": (("ablation", "mlp", "--seeds", 1), "mlp/paper-seed-0"),
    "paper": (("paper", "--smoke", "--seeds", 1), "smoke/runs/segment/seed-0/cnn-30"),
}


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """Two classes of seven clips of about a second at 8 kHz."""
    return write_clips(tmp_path_factory.mktemp("words"), [1.0, 1.0, 1.0, 1.0, 1.0, 1.1, 0.9])


@pytest.fixture(scope="module")
def trained(genrekit, words, tmp_path_factory):
    out = tmp_path_factory.mktemp("trained")
    options = ("--top-db", "none", "--epochs", 1)
    return genrekit("train", "mlp", "--data", words, "--out", out, *OPTIONS, *options), out / "mlp"


def test_each_option_sets_its_field(trained):
    process, run = trained
    assert process.returncode == 0, process.stderr
    assert json.loads((run / "description.json").read_text())["front_end"] == {
        "sample_rate": 8000,
        "n_fft": 256,
        "hop_length": 100,
        "n_mels": 20,
        "n_mfcc": 12,
        "window_s": 0.5,
        "center": True,
        "top_db": None,
    }


def test_what_was_trained_so_classifies_so(trained, words, genrekit):
    model = load(trained[1] / "model.keras")
    assert model.predict(np.zeros((1, 41, 12), np.float32)).shape == (1, 2)
    process = genrekit("evaluate", trained[1] / "model.keras", "--data", words, "--json")
    found, metrics = json.loads(process.stdout), json.loads((trained[1] / "metrics.json").read_text())
    assert found["test"]["accuracy"] == metrics["test"]["accuracy"]
    assert found["test"]["padded"] == metrics["test"]["padded"] == 0


def test_a_run_of_another_front_end_is_refused_by_the_fields_that_differ(trained, words, genrekit):
    options = (*OPTIONS[:-1], 13, "--top-db", 60, "--window", 0.3, "--epochs", 1)
    process = genrekit("train", "mlp", "--data", words, "--out", trained[1].parent, *options)
    assert process.returncode == 2
    differing = "n_mfcc (12, not 13), window_s (0.5, not 0.3), top_db (None, not 60.0)"
    assert f"finished run of another {differing}; name" in process.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_trains_makes_its_features_so(genrekit, words, tmp_path, command):
    arguments, run = COMMANDS[command]
    (tmp_path / run).mkdir(parents=True)
    (tmp_path / run / "model.keras").write_text("somebody's")  # which ends the command after features are made
    process = genrekit(*arguments, "--data", words, "--out", tmp_path, "--front-end", "speech")
    assert process.returncode == 2
    lines = process.stderr.splitlines()
    assert lines[0] == "2 of 14 segments were padded with silence"
    assert "14 of 14 files have a lower rate" in lines[1]
    assert "model.keras without metrics.json" in lines[-1]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_trains_names_the_option_that_fits(genrekit, words, tmp_path, command):
    process = genrekit(*COMMANDS[command][0], "--data", words, "--out", tmp_path)
    assert process.returncode == 2
    assert len(process.stderr.splitlines()) == 1
    assert "the longest of which lasts 1.1 s; train with --front-end speech --sample-rate 8000" in process.stderr


@pytest.mark.parametrize(
    ("options", "words_of_it"),
    [
        (("--front-end", "speach"), "front-end=speach: expected music, speech, or a JSON file"),
        (("--hop", 3000), "hop_length=3000, n_fft=2048"),
        (("--n-fft", 128, "--hop", 64), "expected a bin of the FFT in each mel band, found none in bands 0, "),
        (("--top-db", "off"), "top-db=off: expected decibels above 0, or none"),
        (("--top-db", -3), "top_db=-3.0"),
        (("--window", "nan"), "window_s=nan"),
        (("--n-mfcc", 41, "--n-mels", 40), "n_mfcc=41: expected at most n_mels=40"),
        (("--window", 0.2), "window_s=0.2 gives 9 frames: expected 11 or more for the layers of cnn; take a window of"),
        (("--n-mfcc", 10), "n_mfcc=10: expected 11 or more for the layers of cnn; take at least 11 MFCC"),
    ],
)
def test_what_cannot_work_is_refused_before_audio_is_read(genrekit, tmp_path, options, words_of_it):
    for genre in ("a", "b"):
        (tmp_path / genre).mkdir()
        (tmp_path / genre / "x.wav").write_text("no audio")
    process = genrekit("train", "all", "--data", tmp_path, "--out", tmp_path / "out", *options)
    assert process.returncode == 2
    assert len(process.stderr.splitlines()) == 1
    assert words_of_it in process.stderr
    assert not (tmp_path / "out").exists()


def test_a_file_and_options_over_it(genrekit, words, tmp_path):
    (tmp_path / "mine.json").write_text(json.dumps({**SPEECH.to_dict(), "sample_rate": 8000}))
    arguments = ("--front-end", tmp_path / "mine.json", "--hop", 512, "--epochs", 1)
    process = genrekit("train", "mlp", "--data", words, "--out", tmp_path, *arguments)
    assert process.returncode == 0, process.stderr
    found = json.loads((tmp_path / "mlp" / "description.json").read_text())["front_end"]
    assert found == {**SPEECH.to_dict(), "sample_rate": 8000, "hop_length": 512}


def test_corpus_check_suggests_what_train_takes(genrekit, words, tmp_path):
    found = json.loads(genrekit("corpus", "check", words, "--jobs", 1, "--json").stdout)
    assert found["suggested_front_end"]["window_s"] == 1.0
    assert found["unusable"] == []
    assert [row["seconds"] for row in found["padded"]] == [0.9, 0.9]
    lines = genrekit("corpus", "check", words, "--jobs", 1).stdout.splitlines()
    (options,) = (line.removeprefix("train with ").split(",")[0] for line in lines if line.startswith("train with "))
    process = genrekit("train", "mlp", "--data", words, "--out", tmp_path, "--epochs", 1, *options.split())
    assert process.returncode == 0, process.stderr
    assert process.stderr == "2 of 14 segments were padded with silence\n"
    described = json.loads((tmp_path / "mlp" / "description.json").read_text())["front_end"]
    assert found["suggested_front_end"].items() <= described.items()


@pytest.mark.parametrize("name", MODELS)
def test_corpora_of_words_are_learnt(genrekit, shared_data, tmp_path, name):
    found = json.loads(genrekit("corpus", "check", shared_data / "words", "--json").stdout)
    assert found["suggested_front_end"] == {
        name: value for name, value in SPEECH.to_dict().items() if name not in ("center", "n_mfcc")
    }
    options = ("--front-end", "speech", "--epochs", 4, "--json")
    process = genrekit("train", name, "--data", shared_data / "words", "--out", tmp_path, *options)
    (metrics,) = json.loads(process.stdout)
    assert metrics["test_tracks"]["accuracy"] > 0.25  # chance is 0.125
