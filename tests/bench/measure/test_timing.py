"""What one process measures: the times of each step, predictions, and what is refused."""

import dataclasses
import itertools
import sys

import numpy as np
import pytest

from genrekit.bench.measure.clips import Clips
from genrekit.bench.measure.plan import Case, Effort
from genrekit.bench.measure.predictions import front_end
from genrekit.bench.measure.timing import PACE_S, TIMED_CLIPS, measure_case, measure_peak, timed, timed_windows
from genrekit.runtime import Classifier, StreamClassifier, load, mfcc
from genrekit.runtime.errors import MissingPackageError, ParameterError

from ..conftest import CONFIG, LABELS

CALLS = 7
EFFORT = Effort(CALLS, seconds=0, rounds=1, paced_calls=2)
STEPS = ("front_end_ms", "model_ms", "clip_ms", "stream_ms")


def measured(path, clips, effort=EFFORT, **options):
    return measure_case(Case(path), clips, effort, sleep=lambda seconds: None, **options)


def test_warm_up_is_left_out(tiny_onnx, clips, monkeypatch):
    """The first ten predictions take 100 ms each, all others 5."""
    now, calls, predict = 0, itertools.count(), Classifier.predict

    def slow_at_first(*arguments):
        nonlocal now
        now += (100 if next(calls) < 10 else 5) * 1_000_000
        return predict(*arguments)

    monkeypatch.setattr(Classifier, "predict", slow_at_first)
    raw = measured(tiny_onnx, clips, clock=lambda: now)
    assert raw.once["first_call_ms"] == 100
    for name, expected in (("front_end_ms", 0), ("model_ms", 5), ("clip_ms", 5), ("stream_ms", 5)):
        assert raw.times[name] == (expected,) * CALLS
    assert raw.times["paced_ms"] == (5, 5)


def test_calls_go_on_until_they_last_as_long_as_asked(tiny_onnx, clips):
    readings = itertools.count(0, 5_000_000)  # each span takes 5 ms
    raw = measured(tiny_onnx, clips, Effort(1, seconds=1, rounds=1, paced_calls=0), clock=lambda: next(readings))
    assert len(raw.times["clip_ms"]) == 1000 / (5 * len(STEPS))
    assert "paced_ms" not in raw.times


def test_each_step_is_timed_with_what_it_does(tiny_onnx, clips, monkeypatch):
    now = 0

    def slowed(function, milliseconds):
        def call(*arguments):
            nonlocal now
            now += milliseconds * 1_000_000
            return function(*arguments)

        return call

    for module in ("genrekit.bench.measure.predictions", "genrekit.runtime.classifier"):
        monkeypatch.setattr(f"{module}.mfcc", slowed(mfcc, 3))
    monkeypatch.setattr(Classifier, "predict", slowed(Classifier.predict, 5))
    monkeypatch.setattr(StreamClassifier, "push", slowed(StreamClassifier.push, 2))
    raw = measured(tiny_onnx, clips, Effort(2, seconds=0, rounds=1, paced_calls=1), clock=lambda: now)
    pushed = {"stream_ms": (7, 7), "paced_ms": (7,)}  # a push makes one decision
    assert raw.times == {"front_end_ms": (3, 3), "model_ms": (5, 5), "clip_ms": (8, 8), **pushed}


def test_paced_pushes_rest_before_each(tiny_onnx, clips):
    rests = []
    measure_case(Case(tiny_onnx), clips, EFFORT, sleep=rests.append)
    assert rests == [PACE_S, PACE_S]


def test_the_peak_is_that_of_the_quickest_product():
    readings = itertools.count(0, 1_000_000)  # each product takes 1 ms, so that the largest is the quickest
    assert measure_peak(lambda: next(readings), seconds=0.003) == pytest.approx(512**3 / 1e-3 / 1e9)


def test_predictions_are_made_only_when_asked_for(tiny_onnx, clips):
    raw = measured(tiny_onnx, clips, predict=False)
    assert raw.predicted == ()
    raw = measured(tiny_onnx, clips)
    model = load(tiny_onnx)
    decided = [model.classify(window) for window in clips.samples]
    assert raw.predicted == tuple(decision.label for decision in decided)
    assert raw.scores == pytest.approx([decision.score for decision in decided], abs=1e-5)


def test_timed_gives_the_result_and_milliseconds():
    ticks = iter([5_000_000, 7_500_000])
    assert timed(lambda: next(ticks), max, 3, 4) == (4, 2.5)


def test_clips_of_other_windows_are_refused(tiny_onnx, clips, tmp_path):
    short = Clips.save(tmp_path, np.array(clips.samples[:, :1000]), np.arange(12) % 3, LABELS)
    with pytest.raises(ParameterError, match=r"1000 samples.*expected 66150"):
        measured(tiny_onnx, short)


def test_classes_that_the_model_does_not_know_are_refused(tiny_onnx, clips):
    other = dataclasses.replace(clips, class_names=("low", "polka", "noise"))
    with pytest.raises(ParameterError, match="classes=polka: expected classes that the model knows"):
        measured(tiny_onnx, other)


def test_fewer_classes_in_another_order_are_matched_by_name(tiny_onnx, tmp_path, clips):
    names = ["high", "low"]
    chosen = [index for index, label in enumerate(clips.true_labels) if label in names]
    labels = np.array([names.index(clips.true_labels[index]) for index in chosen])
    swapped = Clips.save(tmp_path, clips.samples[chosen], labels, names)
    assert measured(tiny_onnx, swapped).predicted == tuple(swapped.true_labels)


def test_timed_clips_go_round_the_whole_set(tmp_path, tiny_onnx, clips):
    """Many clips are sampled evenly; the last timed one is not among the first TIMED_CLIPS."""
    many = Clips.save(
        tmp_path, np.tile(np.arange(50, dtype=np.float32)[:, None] / 100, 66150), np.zeros(50, int), ["a"]
    )
    values = [round(float(window[0]) * 100) for window in timed_windows(many)]
    assert len(values) <= TIMED_CLIPS
    assert max(values) >= 48
    assert len(set(np.diff(values))) == 1


@pytest.mark.slow
def test_the_librosa_front_end_is_librosas_mfcc(clips):
    librosa = pytest.importorskip("librosa")
    window = np.array(clips.samples[2])
    expected = librosa.feature.mfcc(y=window, sr=22050, n_mfcc=13, n_fft=2048, hop_length=512).T
    assert np.allclose(front_end("librosa")(window, CONFIG), expected, atol=1e-4)


def test_a_missing_librosa_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "librosa", None)
    with pytest.raises(MissingPackageError, match="pip install librosa"):
        front_end("librosa")
