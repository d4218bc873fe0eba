"""Cases and clips as files."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from genrekit.bench.measure.cases import Case, Effort
from genrekit.bench.measure.clips import Clips
from genrekit.runtime import MfccConfig, mfcc
from genrekit.runtime.errors import ParameterError


def test_a_case_refuses_less_than_one_thread():
    with pytest.raises(ParameterError, match="threads=0: expected at least 1"):
        Case(Path("model.onnx"), threads=0)


def test_a_case_comes_back_as_it_was():
    case = Case(Path("model.onnx"), engine="onnx", threads=2, front_end="librosa")
    assert Case.from_dict(json.loads(json.dumps(case.to_dict()))) == case


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"runs": 0}, "runs=0: expected at least 1"),
        ({"rounds": 0}, "rounds=0: expected at least 1"),
        ({"seconds": -1}, "seconds=-1: expected 0 or more"),
        ({"seconds": float("nan")}, "seconds=nan"),
        ({"paced_runs": -1}, "paced_runs=-1"),
    ],
)
def test_effort_outside_its_range_is_refused(changes, message):
    with pytest.raises(ParameterError, match=message):
        Effort(**changes)


@given(st.integers(1, 500), st.floats(0, 100), st.integers(1, 20), st.integers(0, 50))
def test_rounds_together_make_at_least_what_was_asked(runs, seconds, rounds, paced_runs):
    share = Effort(runs, seconds, rounds, paced_runs).of_one_round()
    assert share.rounds == 1
    assert runs <= rounds * share.runs < runs + rounds
    assert rounds * share.seconds == pytest.approx(seconds)
    assert paced_runs <= rounds * share.paced_runs < paced_runs + rounds


def test_clips_come_back_as_they_were(tmp_path):
    samples = np.linspace(-0.9, 0.9, 3 * 66150, dtype=np.float32).reshape(3, -1)
    clips = Clips.save(tmp_path / "new", samples, np.array([1, 0, 1]), ["a", "b"], split="by hand", demo=True)
    again = Clips.from_dict(clips.to_dict())
    assert again == clips
    assert np.array_equal(again.samples, samples)
    assert again.true_labels == ["b", "a", "b"]


def test_the_first_clip_is_a_wave_file(tmp_path):
    samples = np.sin(np.arange(66150, dtype=np.float32) / 50)[None]
    clips = Clips.save(tmp_path, samples, np.array([0]), ["a"], sample_rate=16000)
    heard, rate = soundfile.read(clips.wave_file, dtype="float32")
    assert rate == 16000
    assert np.abs(heard - samples[0]).max() < 1e-4


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
        ((1, 66150), [2], r"labels=2\.\.2: expected places in 2 names"),
        ((1, 66150), [-1], "labels=-1"),
    ],
)
def test_clips_that_cannot_serve_are_refused(tmp_path, shape, labels, message):
    with pytest.raises(ParameterError, match=message):
        Clips.save(tmp_path, np.zeros(shape, np.float32), np.array(labels, int), ["a", "b"])
