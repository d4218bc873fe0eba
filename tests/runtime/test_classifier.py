"""Decisions: of one window, and of a stream against one window at a time."""

import dataclasses
import importlib.util
import types

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from genrekit.converters.attach import attach
from genrekit.runtime import (
    MfccConfig,
    ModelDescription,
    Normalization,
    Prediction,
    StreamClassifier,
    engines,
    load,
    mfcc,
)
from genrekit.runtime.errors import AudioError, ModelFileError, ParameterError
from genrekit.runtime.modelfile.description import KERAS_DESCRIPTION

from ..conftest import onnx_model, tiny_description

pytestmark = pytest.mark.usefixtures("each_front_end")

WINDOW, HOP, RATE = 4000, 128, 8000  # samples, samples, Hz of the tiny models
TINY = MfccConfig(sample_rate=RATE, n_fft=256, hop_length=HOP, n_mels=20, n_mfcc=5, window_s=WINDOW / RATE)
TOLERANCE = 1e-5
ENGINES = [
    ("onnx", "lstm", "onnx", "float32"),
    ("litert", "lstm", "tflite", "float32"),
    ("litert", "lstm", "tflite", "int8"),
    ("micro", "dense", "tflite", "int8"),
    ("keras", "dense", "keras", "float32"),
]


@pytest.fixture(scope="module")
def model(tiny_models):
    return load(tiny_models("dense", "onnx"))


@pytest.fixture(scope="module")
def audio(tiny_windows):
    """Four seconds in which the music changes every half second: float32 (32000,)."""
    return tiny_windows.ravel()


def decisions(stream, samples, lengths):
    """What `stream` decides on `samples` pushed in chunks of `lengths`, over and over."""
    predictions, position, turn = [], 0, 0
    while position < len(samples):
        length = lengths[turn % len(lengths)]
        predictions += stream.push(samples[position : position + length])
        position, turn = position + length, turn + 1
    return predictions


def assert_decisions_of_windows(model, samples, stride, predictions, start_s=0.0):
    """Each decision equals `classify` of its window, comes at its end, and none is missing."""
    window = model.config.window_samples
    starts = range(0, len(samples) - window + 1, stride)
    assert [prediction.time_s for prediction in predictions] == pytest.approx(
        [start_s + (start + window) / RATE for start in starts], abs=1e-9
    )
    for start, prediction in zip(starts, predictions, strict=True):
        expected = model.classify(samples[start : start + window])
        assert not prediction.padded
        assert prediction.scores == pytest.approx(expected.scores, abs=TOLERANCE)
        assert prediction.score == max(prediction.scores.values()) == prediction.scores[prediction.label]


def test_predict_normalises_and_classify_names_the_result(model, tiny_windows, tiny_features):
    scores = model.predict(tiny_features)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
    assert len(set(scores.argmax(axis=1))) == 3  # each label wins somewhere
    for window, expected in zip(tiny_windows, scores, strict=True):
        prediction = model.classify(window)
        assert isinstance(prediction, Prediction)
        assert list(prediction.scores) == list(model.labels)
        assert list(prediction.scores.values()) == pytest.approx(expected.tolist(), abs=TOLERANCE)
        assert prediction.label == model.labels[expected.argmax()]
        assert prediction.score == pytest.approx(expected.max(), abs=TOLERANCE)
        assert (prediction.time_s, prediction.padded) == (0.5, False)


def test_the_engine_gets_normalised_features(model, tiny_features):
    normalization = model.description.normalization
    normalized = (tiny_features - np.array(normalization.mean)) / np.array(normalization.std)
    np.testing.assert_allclose(
        model.predict(tiny_features), model.engine(normalized.astype(np.float32)), atol=TOLERANCE
    )


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_scores_that_are_not_finite_are_an_error_of_the_model(tiny_weights, tiny_features, tmp_path, audio, value):
    kernel, bias = tiny_weights.dense
    damaged = types.SimpleNamespace(dense=(np.where(kernel == kernel.max(), value, kernel), bias))
    path = tmp_path / "damaged.onnx"
    path.write_bytes(attach(onnx_model("dense", damaged), tiny_description("dense", "onnx", "float32")))
    model = load(path)
    for use in (
        lambda: model.predict(tiny_features),
        lambda: model.classify(audio[:WINDOW]),
        lambda: StreamClassifier(model).push(audio),
    ):
        with pytest.raises(ModelFileError, match=r"damaged.onnx: .*not finite.*export it again"):
            use()


@pytest.mark.parametrize("heard", [1, 100, 3999])
def test_less_than_a_window_is_padded_with_silence_and_says_so(model, audio, heard):
    prediction = model.classify(audio[:heard])
    expected = model.classify(np.pad(audio[:heard], (0, WINDOW - heard)))
    assert prediction.padded
    assert prediction.time_s == pytest.approx(heard / RATE)
    assert prediction.scores == pytest.approx(expected.scores, abs=TOLERANCE)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(0, np.float32), r"samples.shape=\(0,\): expected one channel of 1 to 4000 samples"),
        (np.zeros(4001, np.float32), r"samples.shape=\(4001,\).*0.5 s at 8000 Hz.*use StreamClassifier"),
        (np.zeros((4000, 2), np.float32), r"samples.shape=\(4000, 2\)"),
        (np.full(4000, np.nan, np.float32), "expected finite values"),
    ],
)
def test_samples_that_are_no_window_are_refused(model, samples, message):
    with pytest.raises(AudioError, match=message):
        model.classify(samples)


@pytest.mark.parametrize("shape", [(32, 5), (1, 31, 5), (1, 32, 6), (0,)])
def test_features_of_another_shape_are_refused(model, shape):
    with pytest.raises(AudioError, match=r"features.shape=.*expected \(batch, 32, 5\)"):
        model.predict(np.zeros(shape, np.float32))


@given(
    stride_frames=st.integers(1, 40),
    length=st.integers(0, 16_000),
    lengths=st.lists(st.sampled_from([0, 1, 127, 128, 129, 997, 4000, 32_000]), max_size=5).map(
        lambda cut: [*cut, 1301]
    ),
)
def test_any_chunks_give_the_decisions_of_single_windows(model, audio, stride_frames, length, lengths):
    stream = StreamClassifier(model, stride_s=stride_frames * HOP / RATE)
    predictions = decisions(stream, audio[:length], lengths)
    assert_decisions_of_windows(model, audio[:length], stride_frames * HOP, predictions)


@pytest.mark.parametrize("case", ENGINES, ids="-".join)
def test_a_stream_decides_alike_on_every_engine(tiny_models, audio, case):
    engine, *file = case
    if importlib.util.find_spec(engines.ENGINES[engine].package) is None:
        pytest.skip(f"{engines.ENGINES[engine].package} is not installed")
    model = load(tiny_models(*file), engine=engine)
    stream = StreamClassifier(model, stride_s=0.2)
    predictions = decisions(stream, audio[:12_000], [1, 129, 5000])
    assert len(predictions) == 6
    assert_decisions_of_windows(model, audio[:12_000], 12 * HOP, predictions)


FRONT_ENDS = {
    "uncentred": {"center": False},
    "unclamped": {"top_db": None},
    "neither": {"center": False, "top_db": None},
    "another window": {"window_s": 0.33, "n_mels": 32, "n_mfcc": 7},
    "another hop": {"n_fft": 300, "hop_length": 100, "n_mels": 13, "n_mfcc": 13, "top_db": 30.0},
}
# Engine, the format and precision of its files, and how many streams it is tried on: Keras is slow.
EVERY_ENGINE = {
    "onnx": ("onnx", "float32", 25),
    "litert": ("tflite", "float32", 25),
    "micro": ("tflite", "int8", 25),
    "keras": ("keras", "float32", 2),
}


@pytest.fixture(scope="module")
def models_of_front_ends(tmp_path_factory):
    """A dense model for each front end and engine: (front end, engine) -> a loaded model."""
    folder, made = tmp_path_factory.mktemp("front-ends"), {}

    def make(front_end, engine):
        if importlib.util.find_spec(engines.ENGINES[engine].package) is None:
            pytest.skip(f"{engines.ENGINES[engine].package} is not installed")
        if (front_end, engine) not in made:
            path = write_dense(folder, dataclasses.replace(TINY, **FRONT_ENDS[front_end]), *EVERY_ENGINE[engine][:2])
            made[front_end, engine] = load(path, engine=engine)
        return made[front_end, engine]

    return make


def write_dense(folder, config, file_format, precision):
    """A model file of one dense layer on MFCC of `config`."""
    import keras

    from genrekit.converters.onnx.convert import convert_onnx
    from genrekit.converters.tflite.convert import convert_tflite

    shape = config.window_frames, config.n_mfcc
    generator = np.random.default_rng(7)
    network = keras.Sequential([keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(3, "softmax")])
    network.set_weights([generator.normal(0, 0.02, (shape[0] * shape[1], 3)), generator.normal(0, 0.3, 3)])
    normalization = Normalization((0.0,) * config.n_mfcc, (10.0,) * config.n_mfcc)
    description = ModelDescription("dense", tuple("abc"), config, normalization, format=file_format)
    path = folder / f"{abs(hash(config))}-{precision}.{file_format}"
    if file_format == "keras":
        path = folder / f"{abs(hash(config))}" / "model.keras"
        path.parent.mkdir()
        network.save(path)
        path.with_name(KERAS_DESCRIPTION).write_text(description.to_json())
        return path
    convert = {"tflite": convert_tflite, "onnx": convert_onnx}[file_format]
    calibration = generator.normal(0, 2, (20, *shape)).astype(np.float32)
    path.write_bytes(attach(convert(network, precision, calibration).data, description))
    return path


@pytest.mark.parametrize(
    ("front_end", "engine"),
    [
        pytest.param(front_end, engine, marks=[pytest.mark.slow] if engine == "keras" else [])
        for front_end in FRONT_ENDS
        for engine in EVERY_ENGINE
    ],
)
def test_every_front_end_decides_alike_on_every_engine(models_of_front_ends, audio, front_end, engine):
    model = models_of_front_ends(front_end, engine)

    @settings(max_examples=EVERY_ENGINE[engine][2])
    @given(
        stride_frames=st.integers(1, 40),
        lengths=st.lists(st.sampled_from([1, "hop - 1", "hop", "hop + 1", 997, 32_000]), max_size=5),
        last=st.integers(1, 5000),
    )
    @example(stride_frames=20, lengths=[1], last=1)
    def check(stride_frames, lengths, last):
        hop = model.config.hop_length
        named = {"hop - 1": hop - 1, "hop": hop, "hop + 1": hop + 1}
        cuts = [*(named.get(length, length) for length in lengths), last]
        stream = StreamClassifier(model, stride_s=stride_frames * hop / RATE)
        predictions = decisions(stream, audio[:9000], cuts)
        assert_decisions_of_windows(model, audio[:9000], stride_frames * hop, predictions)

    check()


def test_each_window_goes_through_the_front_end_of_the_model(model, audio):
    (prediction,) = StreamClassifier(model).push(audio[:WINDOW])
    expected = model.predict(mfcc(audio[:WINDOW], model.config)[None])[0]
    assert list(prediction.scores.values()) == pytest.approx(expected.tolist(), abs=TOLERANCE)


def test_the_stride_is_told_as_rounded(model):
    assert StreamClassifier(model, stride_s=0.1).stride_s == pytest.approx(6 * HOP / RATE)
    with pytest.raises(ParameterError, match="stride_s=0"):
        StreamClassifier(model, stride_s=0)


def test_flush_decides_once_on_less_than_a_window(model, audio):
    stream = StreamClassifier(model)
    assert decisions(stream, audio[:1000], [300]) == []
    (prediction,) = stream.flush()
    assert prediction == model.classify(audio[:1000])
    assert prediction.padded
    assert stream.flush() == []


def test_flush_after_a_decision_and_without_audio_gives_nothing(model, audio):
    stream = StreamClassifier(model)
    assert stream.flush() == []
    assert len(stream.push(audio[: WINDOW + 100])) == 1
    assert stream.flush() == []


@pytest.mark.parametrize("end", ["reset", "flush"])
def test_afterwards_the_stream_starts_anew(model, audio, end):
    stream = StreamClassifier(model, stride_s=0.1)
    stream.push(audio[7000:13_500])
    getattr(stream, end)()
    assert_decisions_of_windows(model, audio[:9000], 6 * HOP, stream.push(audio[:9000]))


def test_reset_sets_the_clock(model, audio):
    """After a gap, decisions stay on the true clock, the padded one too."""
    stream = StreamClassifier(model, stride_s=0.1)
    stream.push(audio)
    stream.reset(time_s=12.5)
    assert_decisions_of_windows(model, audio[:9000], 6 * HOP, stream.push(audio[:9000]), start_s=12.5)
    stream.reset(time_s=20.0)
    stream.push(audio[:2000])
    assert [prediction.time_s for prediction in stream.flush()] == pytest.approx([20.25])
    assert [prediction.time_s for prediction in stream.push(audio[:WINDOW])] == pytest.approx([0.5])


def test_refused_samples_leave_the_clock_alone(model, audio):
    stream = StreamClassifier(model)
    for bad in (np.zeros((100, 2), np.float32), np.full(100, np.nan, np.float32)):
        with pytest.raises(AudioError):
            stream.push(bad)
    stream.push(audio[:2000])
    assert stream.flush() == [model.classify(audio[:2000])]


def test_a_prediction_cannot_be_changed(model, audio):
    with pytest.raises(AttributeError):
        model.classify(audio[:WINDOW]).label = "jazz"
