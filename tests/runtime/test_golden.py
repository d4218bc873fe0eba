"""Every form of the front end against the golden vectors, and those against the script that makes them."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from genrekit.runtime import MfccStream, StreamClassifier, load, mfcc

from ..fixtures.golden import make_golden, vectors

FRONT_ENDS = vectors.front_ends()
CASES = [(name, signal) for name, config in FRONT_ENDS.items() for signal in vectors.signals(config.sample_rate)]
STRIDES_S = make_golden.STRIDES_S
CHUNKS = (1, 997, 2048, 0, 511, 20_001)
ENGINES = {"tflite": ("ai_edge_litert", "tflite_runtime"), "onnx": ("onnxruntime",)}


def push_in_chunks(stream, samples):
    """What all pushes of `samples`, cut into chunks of odd lengths, gave."""
    given, position, turn = [], 0, 0
    while position < len(samples):
        length = CHUNKS[turn % len(CHUNKS)]
        given += stream.push(samples[position : position + length])
        position, turn = position + length, turn + 1
    return given


def of_stream(name, stride_s):
    """What golden.json says of streams over the music at one front end and stride."""
    (found,) = (one for one in vectors.contents()["strides"][name] if one["stride_s"] == stride_s)
    return found


@pytest.mark.usefixtures("each_front_end")
@pytest.mark.parametrize(("name", "signal"), CASES)
def test_mfcc_of_each_window(name, signal):
    config = FRONT_ENDS[name]
    samples, expected = vectors.signals(config.sample_rate)[signal], vectors.features(name)[signal]
    starts = vectors.contents()["window_starts"][name] if signal == "music" else [0]
    assert len(starts) == len(expected)
    for start, right in zip(starts, expected, strict=True):
        received = mfcc(samples[start : start + config.window_samples], config)
        np.testing.assert_allclose(received, right, rtol=0, atol=vectors.TOLERANCE)


@pytest.mark.usefixtures("each_front_end")
@pytest.mark.parametrize("stride_s", STRIDES_S)
@pytest.mark.parametrize(("name", "signal"), CASES)
def test_mfcc_of_a_stream(name, signal, stride_s):
    samples, expected = vectors.signals(FRONT_ENDS[name].sample_rate)[signal], vectors.features(name)[signal]
    stream = MfccStream(FRONT_ENDS[name], stride_s)
    if signal == "music":
        expected = expected[of_stream(name, stride_s)["windows"]]
    received = push_in_chunks(stream, samples)
    assert len(received) == len(expected)
    np.testing.assert_allclose(received, expected, rtol=0, atol=vectors.TOLERANCE)
    assert stream.stride_samples == of_stream(name, stride_s)["stride_samples"]


@pytest.mark.usefixtures("each_front_end")
@pytest.mark.parametrize("decided", vectors.contents()["decisions"], ids=lambda decided: f"{decided['stride_s']}")
@pytest.mark.parametrize("file_format", ENGINES)
def test_the_decisions_of_a_stream(file_format, decided):
    if not any(map(importlib.util.find_spec, ENGINES[file_format])):
        pytest.skip(f"no engine for .{file_format} is installed")
    model = load(vectors.FOLDER / f"tiny.{file_format}")
    stream = StreamClassifier(model, decided["stride_s"])
    received = push_in_chunks(stream, vectors.signals(model.config.sample_rate)["music"])
    for prediction, expected in zip(received, decided["decisions"], strict=True):
        assert prediction.time_s == pytest.approx(expected["time_s"], abs=1e-9)
        assert prediction.label == expected["label"]
        assert prediction.scores == pytest.approx(expected["scores"], abs=vectors.TOLERANCE)


def test_the_vectors_could_be_told_apart():
    """No signal is another's twin, and no score is so near 0 or 1 that it says nothing of the features."""
    for name in FRONT_ENDS:
        first = [windows[0] for windows in vectors.features(name).values()]
        apart = [np.abs(one - other).max() for index, one in enumerate(first) for other in first[:index]]
        assert min(apart) > 1
    decisions = [one for decided in vectors.contents()["decisions"] for one in decided["decisions"]]
    assert {one["label"] for one in decisions} == set(make_golden.LABELS)
    assert max(max(one["scores"].values()) for one in decisions) < 0.95


@pytest.mark.parametrize("rate", sorted({config.sample_rate for config in FRONT_ENDS.values()}))
def test_the_script_makes_these_signals(rate):
    (config, *_) = (config for config in FRONT_ENDS.values() if config.sample_rate == rate)
    with np.load(vectors.FOLDER / f"signals-{rate}.npz") as stored:
        made = make_golden.make_signals(config)
        assert list(made) == list(stored)
        for name, samples in made.items():
            assert samples.dtype == stored[name].dtype
            step = 1 if samples.dtype == np.int16 else 1e-7  # another platform's sine may round otherwise
            np.testing.assert_allclose(samples, stored[name], rtol=0, atol=step, err_msg=name)


@pytest.mark.parametrize("name", FRONT_ENDS)
def test_librosa_gives_these_mfcc(name):
    pytest.importorskip("librosa", reason="the vectors' MFCC are librosa's")
    config = FRONT_ENDS[name]
    assert make_golden.FRONT_ENDS[name] == config
    stored = vectors.features(name)
    again = make_golden.make_features(vectors.signals(config.sample_rate), config)
    for signal, windows in again.items():
        # float32 keeps the files small; beyond its own rounding of them, nothing differs.
        np.testing.assert_allclose(stored[signal], windows, rtol=2**-24, atol=1e-6, err_msg=signal)
    if name == "music":
        assert_decisions_are_of(windows=again["music"])


def assert_decisions_are_of(windows):
    made, stored = make_golden.make_contents(windows), vectors.contents()
    for one, other in zip(made.pop("decisions"), stored.pop("decisions"), strict=True):
        for expected, decision in zip(one["decisions"], other["decisions"], strict=True):
            assert decision == expected | {"scores": pytest.approx(expected["scores"], abs=1e-6)}
    assert made == stored
