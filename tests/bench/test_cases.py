"""Cases and clips as files."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from genrekit.bench.cases import Case, Clips
from genrekit.runtime import MfccConfig, mfcc
from genrekit.runtime.errors import ParameterError


@pytest.mark.parametrize("name", ["threads", "runs"])
def test_a_case_refuses_less_than_one(name):
    with pytest.raises(ParameterError, match=f"{name}=0: expected at least 1"):
        Case(Path("model.onnx"), **{name: 0})


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
