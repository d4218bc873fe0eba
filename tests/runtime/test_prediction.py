"""The answer that scores deserve: a label, silence, or unknown."""

import dataclasses
import math

import numpy as np
import pytest

from genrekit.runtime import Answering, Prediction, Rejection, StreamClassifier, load
from genrekit.runtime.errors import ParameterError
from genrekit.runtime.prediction import level_dbfs

WINDOW, RATE = 4000, 8000


@pytest.fixture(scope="module")
def model(tiny_models, each_front_end):
    return load(tiny_models("dense", "onnx"))


def window(rock=0.8, **fields):
    label = "rock" if rock >= 0.5 else "jazz"
    return Prediction(3.0, label, max(rock, 1 - rock), {"rock": rock, "jazz": 1 - rock}, answer=label, **fields)


@pytest.mark.parametrize(
    ("samples", "level"),
    [
        (np.tile([-1.0, 1.0], 2000), 0.0),
        (np.sin(np.arange(8000) * math.tau / 80), -3.0103),
        (0.5 + 0.001 * np.tile([-1.0, 1.0], 2000), -60.0),
        (np.full(4000, 0.3), -math.inf),
        (np.zeros(4000), -math.inf),
        (np.ones(1), -math.inf),
    ],
)
def test_the_level_is_about_the_mean(samples, level):
    assert level_dbfs(samples.astype(np.float32)) == pytest.approx(level, abs=0.01)


@pytest.mark.parametrize("constant", [0.1, -0.9, 1 / 3])
def test_nothing_but_a_constant_is_silence_at_any_limit(tiny_models, constant):
    model = load(tiny_models("dense", "onnx"), silence_dbfs=-200)
    assert model.classify(np.full(WINDOW, constant, np.float32)).answer == "silence"


@pytest.mark.parametrize("limit", [-60, -20])
def test_below_the_limit_a_window_is_silent_and_above_it_not(tiny_models, tiny_windows, limit):
    model = load(tiny_models("dense", "onnx"), silence_dbfs=limit)
    samples = tiny_windows[3] - tiny_windows[3].mean()
    unit = samples / np.sqrt(np.square(samples).mean())
    quieter, louder = (model.classify((10 ** ((limit + by) / 20) * unit).astype(np.float32)) for by in (-0.5, 0.5))
    assert quieter.answer == "silence"
    assert louder.answer == louder.label


@pytest.mark.parametrize("limit", [-201, 0.1, math.nan])
def test_an_impossible_limit_is_refused(tiny_models, limit):
    with pytest.raises(ParameterError, match=r"silence_dbfs=.*-200 to 0.*try -60"):
        load(tiny_models("dense", "onnx"), silence_dbfs=limit)


def test_any_answer_is_the_label(tiny_models):
    prediction = load(tiny_models("dense", "onnx"), any_answer=True).classify(np.zeros(WINDOW, np.float32))
    assert prediction.answer == prediction.label


@pytest.mark.parametrize(("samples", "answered"), [(1, False), (399, False), (400, True), (3999, True)])
def test_less_than_a_tenth_of_a_window_gets_no_label(model, tiny_windows, samples, answered):
    prediction = model.classify(tiny_windows[3][:samples])
    assert prediction.audio_fraction == samples / WINDOW
    assert prediction.answer == (prediction.label if answered else "unknown")


def test_padding_does_not_make_a_window_silent(model, tiny_windows):
    """The level is that of the audio: padded to its window it would be 10 dB lower."""
    quiet = (tiny_windows[0] * 10 ** (-55 / 20) / tiny_windows[0].std())[:400].astype(np.float32)
    assert model.classify(quiet).level_dbfs == pytest.approx(level_dbfs(quiet))
    assert model.classify(quiet).answer == model.classify(quiet).label


def test_a_stream_answers_as_its_windows_do(model, tiny_windows):
    samples = np.concatenate([tiny_windows[2], np.zeros(2 * WINDOW, np.float32), tiny_windows[6]])
    for prediction in StreamClassifier(model, stride_s=0.25).push(samples):
        end = round(prediction.time_s * RATE)
        expected = model.classify(samples[end - WINDOW : end])
        assert prediction.answer == expected.answer
        assert prediction.level_dbfs == pytest.approx(expected.level_dbfs)


UNSURE_BELOW = Answering(Rejection(temperature=2.0, min_probability=0.6))


@pytest.mark.parametrize(("rock", "answer"), [(0.60, "unknown"), (0.69, "unknown"), (0.70, "rock"), (0.2, "jazz")])
def test_the_threshold_is_on_calibrated_probabilities(rock, answer):
    """At temperature 2 the odds become their square root: 0.6923 : 0.3077 = 1.5 squared, so 0.6."""
    assert UNSURE_BELOW.answered(window(rock)).answer == answer


def test_a_window_unlike_the_training_is_unknown():
    answering = Answering()
    assert answering.answered(window(distance=1.01)).answer == "unknown"
    assert answering.answered(window(distance=0.99)).answer == "rock"
    assert answering.answered(window(distance=math.nan)).answer == "rock"  # a file that cannot tell


def test_silence_comes_before_unknown():
    assert Answering().answered(window(distance=9.0, level_dbfs=-80.0)).answer == "silence"


def test_scores_stay_the_models_own():
    rejected = UNSURE_BELOW.answered(window(0.6, distance=3.0))
    assert (rejected.label, rejected.score, rejected.scores) == ("rock", 0.6, {"rock": 0.6, "jazz": 0.4})


def test_a_recording_is_answered_by_the_windows_that_are_not_silent():
    silent = window(0.0, level_dbfs=-90.0)
    assert Answering().of_recording([window(0.9), silent, silent]) == "rock"
    assert Answering().of_recording([silent, silent]) == "silence"
    assert Answering(any_answer=True).of_recording([silent, silent]) == "jazz"


def test_most_windows_tell_whether_a_recording_is_unlike_the_training():
    strange, usual = window(distance=1.5), window(distance=0.5)
    assert Answering().of_recording([strange, usual, usual]) == "rock"
    assert Answering().of_recording([strange, strange, usual]) == "unknown"


def test_a_recording_is_unsure_by_its_mean_scores():
    assert UNSURE_BELOW.of_recording([window(0.95), window(0.55)]) == "rock"
    assert UNSURE_BELOW.of_recording([window(0.65), window(0.55)]) == "unknown"


def test_a_class_called_silence_is_that_answer():
    scores = {"silence": 0.9, "jazz": 0.1}
    prediction = Prediction(3.0, "silence", 0.9, scores, answer="silence")
    assert Answering().answered(prediction).answer == "silence"
    assert Answering().answered(dataclasses.replace(prediction, level_dbfs=-90.0)).answer == "silence"
