"""Cases and clips as files."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from genrekit.bench.measure.clips import Clips
from genrekit.bench.measure.jsonable import as_json, from_json
from genrekit.bench.measure.plan import BenchPlan, Case, Effort, TrainingReference, TrainingRow, front_end_plan
from genrekit.runtime import MfccConfig, mfcc
from genrekit.runtime.errors import ParameterError


def test_a_case_refuses_less_than_one_thread():
    with pytest.raises(ParameterError, match="threads=0: expected at least 1"):
        Case(Path("model.onnx"), threads=0)


def test_a_case_comes_back_as_it_was():
    case = Case(Path("model.onnx"), engine="onnx", threads=2, front_end="librosa")
    assert from_json(Case, json.loads(json.dumps(as_json(case)))) == case


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"calls": 0}, "calls=0: expected at least 1"),
        ({"rounds": 0}, "rounds=0: expected at least 1"),
        ({"seconds": -1}, "seconds=-1: expected 0 or more"),
        ({"seconds": float("nan")}, "seconds=nan"),
        ({"paced_calls": -1}, "paced_calls=-1"),
    ],
)
def test_effort_outside_its_range_is_refused(changes, message):
    with pytest.raises(ParameterError, match=message):
        Effort(**changes)


@given(st.integers(1, 500), st.floats(0, 100), st.integers(1, 20), st.integers(0, 50))
def test_rounds_together_make_at_least_what_was_asked(calls, seconds, rounds, paced_calls):
    part = Effort(calls, seconds, rounds, paced_calls).of_one_round()
    assert part.rounds == 1
    assert calls <= rounds * part.calls < calls + rounds
    assert rounds * part.seconds == pytest.approx(seconds)
    assert paced_calls <= rounds * part.paced_calls < paced_calls + rounds


def test_a_plan_comes_back_as_it_was(clips):
    whole = BenchPlan(
        (Case(Path("a.onnx")), Case(Path("b.tflite"), engine="micro")),
        clips,
        {"a": ["low"] * 12, "b": "there is no Keras model of it"},
        baselines=(Case(Path("a.keras"), front_end="librosa"),),
        effort=Effort(3, 0.5, 2, 0),
        training=(TrainingRow("a", 1.5, "median of 3 epochs", 100), TrainingRow("b", None)),
        training_reference=TrainingReference("the paper", "i7", 6400, {"a": 18}),
        cold_start="some.module",
    )
    for plan in (whole, BenchPlan((Case(Path("a.onnx")),), clips), front_end_plan(clips, MfccConfig(n_mfcc=20))):
        assert from_json(BenchPlan, json.loads(json.dumps(as_json(plan)))) == plan


def test_a_plan_without_cases_is_refused(clips):
    with pytest.raises(ParameterError, match="cases=0"):
        BenchPlan((), clips)


def test_clips_come_back_as_they_were(tmp_path):
    samples = np.linspace(-0.9, 0.9, 3 * 66150, dtype=np.float32).reshape(3, -1)
    clips = Clips.save(tmp_path / "new", samples, np.array([1, 0, 1]), ["a", "b"], split="by hand", demo=True)
    again = from_json(Clips, as_json(clips))
    assert again == clips
    assert np.array_equal(again.samples, samples)
    assert again.true_labels == ["b", "a", "b"]


def test_the_first_clip_is_a_wave_file(tmp_path):
    samples = np.sin(np.arange(66150, dtype=np.float32) / 50)[None]
    clips = Clips.save(tmp_path, samples, np.array([0]), ["a"], sample_rate=16000)
    read, rate = soundfile.read(clips.wave_file, dtype="float32")
    assert rate == 16000
    assert np.abs(read - samples[0]).max() < 1e-4


def test_features_are_the_mfcc_of_each_clip_under_any_config(clips):
    for config in (MfccConfig(), MfccConfig(n_mfcc=20)):
        for _ in range(2):  # computed, then mapped
            expected = np.stack([mfcc(window, config) for window in clips.samples])
            assert np.array_equal(clips.features(config), expected)


@pytest.mark.parametrize(
    ("shape", "labels", "message"),
    [
        ((0, 66150), [], "at least one track"),
        ((2, 66150), [0], r"labels.shape=\(1,\)"),
        ((66150,), [0], r"samples.shape=\(66150,\)"),
        ((1, 66150), [2], r"labels=2\.\.2: expected indexes of 2 names"),
        ((1, 66150), [-1], "labels=-1"),
    ],
)
def test_clips_that_cannot_serve_are_refused(tmp_path, shape, labels, message):
    with pytest.raises(ParameterError, match=message):
        Clips.save(tmp_path, np.zeros(shape, np.float32), np.array(labels, int), ["a", "b"])
