"""Files that take sound, wherever a model is named: what they decide is what the features file decides."""

import dataclasses
import json

import numpy as np
import pytest

from genrekit.converters.attach import attach, without_description
from genrekit.runtime import (
    MfccStream,
    ModelDescription,
    Rejection,
    StreamClassifier,
    load,
    read_description,
)
from genrekit.runtime.engines import load_engine
from genrekit.runtime.errors import AudioError, ModelFileError, ParameterError
from genrekit.runtime.mfcc_stream import WindowStream

from ..conftest import LABELS, TINY

FILES = [("dense", "onnx", "float32"), ("lstm", "tflite", "float32"), ("dense", "tflite", "int8")]
TOLERANCE = {"float32": 1e-4, "int8": 0.02}
CHUNKS = (1, 997, 2048, 0, 511, 20_001)


@pytest.fixture(params=FILES, ids="-".join)
def pair(request, tiny_models):
    """The file for features, that for sound, and how far they may differ."""
    plain, sound = tiny_models(*request.param), tiny_models(*request.param, "audio")
    return load(plain), load(sound), TOLERANCE[request.param[-1]]


@pytest.fixture(scope="module")
def sound(tiny_models):
    return load(tiny_models("dense", "onnx", "float32", "audio"))


def scores_of(predictions):
    return np.array([list(prediction.scores.values()) for prediction in predictions])


def test_a_window_is_decided_on_as_by_the_features_file(pair, tiny_windows):
    plain, sound, tolerance = pair
    for window in (*tiny_windows, tiny_windows[0][:1500], np.zeros(4000, np.float32)):
        expected, found = plain.classify(window, 2.0), sound.classify(window, 2.0)
        np.testing.assert_allclose(scores_of([found]), scores_of([expected]), rtol=0, atol=tolerance)
        assert (found.time_s, found.level_dbfs, found.audio_fraction) == (
            expected.time_s,
            expected.level_dbfs,
            expected.audio_fraction,
        )


@pytest.mark.parametrize("stride_s", [0.1, 0.5, 0.7])
def test_a_stream_is_decided_on_as_by_the_features_file(pair, tiny_windows, stride_s):
    plain, sound, tolerance = pair
    audio, received = tiny_windows.ravel(), {}
    for model in (plain, sound):
        stream, position = StreamClassifier(model, stride_s), 0
        received[model] = []
        for length in CHUNKS * 2:
            received[model] += stream.push(audio[position : position + length])
            position += length
    times = [[one.time_s for one in found] for found in received.values()]
    assert times[0] == times[1]
    assert len(times[0]) > 4
    np.testing.assert_allclose(scores_of(received[sound]), scores_of(received[plain]), rtol=0, atol=tolerance)


def test_a_short_stream_is_padded(pair, tiny_windows):
    plain, sound, tolerance = pair
    found = []
    for model in (plain, sound):
        stream = StreamClassifier(model)
        assert stream.push(tiny_windows[1][:3000]) == []
        found += stream.flush()
    assert [one.audio_fraction for one in found] == [0.75, 0.75]
    np.testing.assert_allclose(scores_of(found[:1]), scores_of(found[1:]), rtol=0, atol=tolerance)


def test_windows_of_a_stream_are_cut_as_those_of_its_mfcc(tiny_windows):
    audio = tiny_windows.ravel()
    cut = [np.array(window) for window, _ in WindowStream(TINY, 0.3).windows(audio)]
    of_mfcc = [np.array(window) for _, window in MfccStream(TINY, 0.3).windows(audio)]
    np.testing.assert_array_equal(cut, of_mfcc)


def test_predict_audio_takes_samples_whatever_the_file_takes(pair, tiny_windows):
    plain, sound, tolerance = pair
    for count in (0, 1, 5):
        windows = tiny_windows[:count]
        found = sound.predict_audio(windows)
        assert found.shape == (count, 3)
        np.testing.assert_allclose(found, plain.predict_audio(windows), rtol=0, atol=tolerance)


def test_features_are_refused(sound, tiny_features):
    with pytest.raises(ParameterError, match=r"expected samples for predict_audio.*received features.*takes sound"):
        sound.predict(tiny_features)


@pytest.mark.parametrize("shape", [(1, 3999), (2, 4001), (4000,), (1, 32, 5)])
def test_windows_of_another_length_are_refused(pair, shape):
    for model in pair[:2]:
        with pytest.raises(AudioError, match=r"samples.shape=.*4000 samples.*StreamClassifier.*pad shorter"):
            model.predict_audio(np.zeros(shape, np.float32))
    with pytest.raises(AudioError, match="StreamClassifier"):
        load_engine(pair[1].engine.path)(np.zeros(shape, np.float32))


def test_samples_that_are_not_finite_are_refused(sound):
    damaged = np.full(4000, np.nan, np.float32)
    for use in (sound.classify, lambda samples: sound.predict_audio(samples[np.newaxis])):
        with pytest.raises(AudioError, match="expected finite values"):
            use(damaged)


def with_rejection(path, rejection, folder):
    description = dataclasses.replace(read_description(path), rejection=rejection)
    changed = folder / path.name
    changed.write_bytes(attach(without_description(path.read_bytes()), description))
    return load(changed)


def test_answers_know_silence_and_the_threshold_but_no_distance(tiny_models, tiny_windows, tmp_path):
    path = tiny_models("dense", "tflite", "float32", "audio")
    for least, answers in ((0.0, set(LABELS)), (1.0, {"unknown"})):
        model = with_rejection(path, Rejection(1.0, least), tmp_path)
        found = [model.classify(window) for window in tiny_windows]
        assert {one.answer for one in found} <= answers
        assert np.isnan([one.distance for one in found]).all()
        assert not any(one.unlike_training for one in found)
        assert model.classify(np.zeros(4000, np.float32)).answer == "silence"


def test_files_of_older_versions_take_features(tiny_models):
    described = read_description(tiny_models("dense", "onnx")).to_dict()
    del described["input"]
    described["format_version"] = "1.2"
    older = ModelDescription.from_json(json.dumps(described), "older.onnx")
    assert (older.input, older.input_shape) == ("features", (32, 5))


def test_another_input_is_refused(tiny_models):
    described = read_description(tiny_models("dense", "onnx")).to_dict() | {"input": "video"}
    with pytest.raises(ModelFileError, match="input='video': expected one of features, audio"):
        ModelDescription.from_json(json.dumps(described), "video.onnx")


def test_a_file_whose_tensors_are_not_for_sound_is_refused(tiny_models, tmp_path):
    path = tiny_models("dense", "tflite")
    description = dataclasses.replace(read_description(path), input="audio")
    claims = tmp_path / path.name
    claims.write_bytes(attach(without_description(path.read_bytes()), description))
    with pytest.raises(ModelFileError, match=r"says audio \(4000,\) and 3 labels, its tensors say \(32, 5\)"):
        load(claims)
