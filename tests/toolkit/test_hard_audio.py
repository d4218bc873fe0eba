"""What a model of the demo corpus says of spoilt clips of it, in ../shared/data/hard; and of noise and hum."""

import json
import math

import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.slow

EXPECTED = {  # answer where it is no label, and the kinds of warnings
    "plain": (None, set()),
    "through-a-room": (None, set()),
    "silence": ("silence", {"silence"}),
    "constant": ("silence", {"silence"}),
    "out-of-phase": ("silence", {"out-of-phase"}),
    "overdriven": (None, {"clipping"}),
    "low-level": (None, {"low-level"}),
    "telephone": ("unknown", {"band-limited", "unlike-training"}),
    "no-antialias-7350": ("unknown", {"band-limited", "unlike-training"}),
    "white-noise": ("unknown", {"unlike-training"}),
    "recorder-killed": (None, {"cut-short"}),
}


@pytest.fixture(scope="module")
def model(genrekit, tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    genrekit("corpus", "make", folder / "corpus", "--tracks-per-genre", 8)
    genrekit("train", "mlp", "--data", folder / "corpus", "--out", folder / "runs", "--epochs", 15)
    return folder / "runs" / "mlp" / "model.keras"


def classified(genrekit, model, path, *options):
    (line,) = genrekit("classify", model, path, "--json", *options).stdout.splitlines()
    result = json.loads(line)
    return result, {warning["kind"] for warning in result["warnings"]}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_spoilt_clip_is_answered_and_warned_of(genrekit, model, shared_data, name):
    result, kinds = classified(genrekit, model, shared_data / "hard" / f"{name}.wav")
    answer, expected = EXPECTED[name]
    assert kinds == expected
    assert result["answer"] == (answer or result["label"])


@pytest.mark.parametrize("name", ["silence", "white-noise"])
def test_any_answer_is_the_label(genrekit, model, shared_data, name):
    result, _ = classified(genrekit, model, shared_data / "hard" / f"{name}.wav", "--any-answer")
    assert result["answer"] == result["label"]


@pytest.mark.parametrize("name", [name for name in EXPECTED if EXPECTED[name][1]])
def test_a_stream_tells_of_each(genrekit, model, shared_data, name):
    lines = genrekit("stream", model, shared_data / "hard" / f"{name}.wav", "--json").stdout.splitlines()
    warned = [line["warning"] for line in map(json.loads, lines) if "warning" in line]
    assert {warning["kind"] for warning in warned} == EXPECTED[name][1]
    assert all(0 < warning["time_s"] <= 6 for warning in warned)


@pytest.mark.parametrize("spoil", ["hum", "noise", "tone"])
def test_what_is_no_music_is_unknown(genrekit, model, tmp_path, spoil):
    time = np.arange(6 * 22050) / 22050
    samples = {
        "hum": sum(np.sin(math.tau * 50 * partial * time) / partial for partial in range(1, 8)),
        "noise": np.random.default_rng(0).normal(0, 1, len(time)),
        "tone": np.sin(math.tau * 1000 * time),
    }[spoil]
    soundfile.write(tmp_path / "spoilt.wav", 0.1 * samples, 22050)
    result, kinds = classified(genrekit, model, tmp_path / "spoilt.wav")
    assert (result["answer"], kinds) == ("unknown", {"unlike-training"})


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("-12 dB", set()),
        ("+6 dB", set()),
        ("a constant beside it", set()),
        ("a dead channel", set()),
        ("nearly opposite channels", {"out-of-phase"}),
        ("half silent", {"silence"}),
    ],
)
def test_what_the_music_survives_keeps_its_answer(genrekit, model, shared_data, tmp_path, name, kinds):
    plain, rate = soundfile.read(shared_data / "hard" / "plain.wav")
    spoilt = {
        "-12 dB": plain / 4,
        "+6 dB": plain * 2,
        "a constant beside it": plain + 0.3,
        "a dead channel": np.stack((plain, 0 * plain), axis=1),
        "nearly opposite channels": np.stack((plain, -0.9 * plain), axis=1),
        "half silent": np.concatenate((plain[: 3 * rate], np.zeros(3 * rate))),
    }[name]
    soundfile.write(tmp_path / "spoilt.wav", spoilt, rate)
    result, found = classified(genrekit, model, tmp_path / "spoilt.wav")
    assert found == kinds
    assert result["answer"] in result["scores"]
