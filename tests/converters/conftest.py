"""Trained models, features of synthetic music, and every conversion made once."""

import dataclasses
import re
import types
from pathlib import Path

import numpy as np
import pytest

from genrekit.converters.attach import attach
from genrekit.converters.formats import PRECISIONS
from genrekit.runtime import MfccConfig, ModelDescription, Normalization, mfcc
from genrekit.runtime.engines import load_engine

MODELS = ("mlp", "mlp-regularized", "cnn", "lstm")
CASES = [
    (model, file_format, precision)
    for file_format, precisions in PRECISIONS.items()
    for model in MODELS
    for precision in precisions
]
LABELS = tuple("abcdefghij")
TRAINED_ON = 200
FOLDER = Path(__file__).parent


# Files whose tests run over every model and precision: what holds of these seldom fails of the others.
OVER_ALL = {
    "test_audio_input.py": re.compile("(cnn|lstm)-.*(float32|int8)"),
    "test_runs_in.py": re.compile("cnn|lstm.*32"),
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """The regularised MLP gives the same graphs as the other: what holds of one seldom fails of the other."""
    for item in items:
        of_a_model = item.path.parent == FOLDER and re.search("mlp|cnn|lstm", item.name)
        kept = OVER_ALL.get(item.path.name)
        if of_a_model and ("mlp-regularized" in item.name or (kept and not kept.search(item.name))):
            item.add_marker("slow")


def window(label, generator):
    """Three seconds of a chord that beats, in noise: pitch, beat and noise follow from the label."""
    config = MfccConfig()
    time = np.arange(config.window_samples) / config.sample_rate
    pitch = 80.0 * 1.5**label * generator.uniform(0.97, 1.03)
    chord = sum(np.sin(2 * np.pi * ratio * pitch * time + generator.uniform(0, 6)) for ratio in (1, 1.25, 1.5, 4))
    beat = 0.5 + 0.5 * np.sin(2 * np.pi * (1 + label % 4) * time + generator.uniform(0, 6))
    noise = generator.normal(0, 0.01 * (1 + label % 3), len(time))
    return (generator.uniform(0.05, 0.2) * chord * beat + noise).astype(np.float32)


@pytest.fixture(scope="session")
def data():
    """Normalised features and labels: the first `TRAINED_ON` windows to train and calibrate, the others to check."""
    generator = np.random.default_rng(5)
    labels = np.arange(400) % len(LABELS)
    raw = np.stack([mfcc(window(label, generator)) for label in labels])
    known = raw[:TRAINED_ON]
    features = ((raw - known.mean((0, 1))) / known.std((0, 1))).astype(np.float32)
    return types.SimpleNamespace(
        known=features[:TRAINED_ON],
        known_labels=labels[:TRAINED_ON],
        unknown=features[TRAINED_ON:],
        unknown_labels=labels[TRAINED_ON:],
        normalization=Normalization(tuple(map(float, known.mean((0, 1)))), tuple(map(float, known.std((0, 1))))),
    )


@pytest.fixture(scope="session")
def models(data):
    """Trains an architecture when it is first asked for: name -> Keras model."""
    import keras

    from genrekit.toolkit.models import MODELS

    trained = {}

    def train(name):
        if name not in trained:
            keras.utils.set_random_seed(1)
            model = MODELS[name].build(data.known.shape[1:], len(LABELS))
            model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy")
            model.fit(data.known, data.known_labels, batch_size=20, epochs=8, verbose=0)
            trained[name] = model
        return trained[name]

    return train


@pytest.fixture(scope="session")
def conversions(models, data):
    """Converts when first asked: (model, format, precision) -> Conversion."""
    made = {}

    def convert(name, file_format, precision):
        key = name, file_format, precision
        if key not in made:
            made[key] = convert_anew(models(name), file_format, precision, data.known)
        return made[key]

    return convert


def convert_anew(model, file_format, precision, calibration):
    from genrekit.converters.onnx.convert import convert_onnx
    from genrekit.converters.tflite.convert import convert_tflite

    return {"tflite": convert_tflite, "onnx": convert_onnx}[file_format](model, precision, calibration)


RUNTIME_CASES = [
    *((name, *rest, taken) for name, *rest in CASES if name != "mlp-regularized" for taken in ("features", "audio")),
    *((name, "tflite", "int8", "floats") for name in ("mlp", "cnn", "lstm")),
]


@pytest.fixture(scope="session")
def runtime_files(conversions, models, data, tmp_path_factory):
    """Every file of a model: (name, format, precision, features, audio or floats outside) -> its path."""
    folder, made = tmp_path_factory.mktemp("runtimes"), {}

    def make(name, file_format, precision, taken):
        key = name, file_format, precision, taken
        if key not in made:
            made[key] = folder / f"{'-'.join((name, precision, taken))}.{file_format}"
            made[key].write_bytes(_file(*key))
        return made[key]

    def _file(name, file_format, precision, taken):
        from genrekit.converters.audio_input.join import for_audio
        from genrekit.converters.tflite.convert import convert_tflite

        says = ModelDescription("model", LABELS, format=file_format, precision=precision)
        if taken == "floats":
            return attach(convert_tflite(models(name), precision, data.known, float_io=True).data, says)
        conversion = conversions(name, file_format, precision)
        if taken == "audio":
            normalised = dataclasses.replace(says, normalization=data.normalization)
            conversion, says = for_audio(conversion, normalised, 1)
        return attach(conversion.data, says)

    return make


@pytest.fixture(scope="session")
def runtime_window(data):
    """A window for `runtime_files`: what files of features take of it, and its samples [shape=(1, ...)]."""
    samples = window(3, np.random.default_rng(4))
    features = data.normalization.apply(mfcc(samples))
    return {"features": features[np.newaxis], "floats": features[np.newaxis], "audio": samples[np.newaxis]}


@pytest.fixture
def run(tmp_path):
    """Runs the bytes of a model in an engine: (data, format, features, engine) -> probabilities."""

    def predict(data, file_format, features, engine=None):
        path = tmp_path / f"model.{file_format}"
        path.write_bytes(attach(data, ModelDescription("model", LABELS, format=file_format)))
        return load_engine(path, engine=engine)(features)

    return predict


@pytest.fixture
def ops(tmp_path):
    """The operators in the bytes of a model: (data, format) -> {name: count}."""
    from genrekit.runtime.modelfile.reader import read_graph

    def count(data, file_format):
        path = tmp_path / f"graph.{file_format}"
        path.write_bytes(data)
        return read_graph(path).ops

    return count
