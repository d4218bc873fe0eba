"""One contract for every engine, on the same two tiny models: dense (known in closed form) and LSTM."""

import dataclasses
import functools
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from genrekit.converters.attach import attach
from genrekit.runtime import engines, load
from genrekit.runtime.engines.base import Quantization
from genrekit.runtime.errors import MissingFileError, MissingPackageError, ModelFileError, ParameterError
from genrekit.runtime.modelfile.reader import read_description

CASES = [
    ("onnx", "dense", "onnx", "float32"),
    ("onnx", "lstm", "onnx", "float32"),
    ("litert", "dense", "tflite", "float32"),
    ("litert", "dense", "tflite", "int8"),
    ("litert", "lstm", "tflite", "float32"),
    ("litert", "lstm", "tflite", "int8"),
    ("micro", "dense", "tflite", "float32"),
    ("micro", "dense", "tflite", "int8"),
    ("micro", "lstm", "tflite", "int8"),
    ("keras", "dense", "keras", "float32"),
    ("keras", "lstm", "keras", "float32"),
]
TOLERANCE = {"float32": 1e-5, "int8": 0.02}
PIP = {
    "litert": r'pip install "genrekit\[litert\]"',
    "tflite-runtime": r'pip install "genrekit\[tflite-runtime\]"',
    "micro": r'pip install "genrekit\[micro\]"',
    "onnx": r'pip install "genrekit\[onnx\]"',
    "keras": r'pip install "genrekit\[train\]"',
}


@dataclasses.dataclass(frozen=True)
class Case:
    engine: str
    name: str
    precision: str
    path: Path

    def load(self, threads=1):
        return load(self.path, threads, self.engine)

    @functools.cached_property
    def model(self):
        """The one that tests share; each leaves it ready for the next, as any user would."""
        return self.load()


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def case(request, tiny_models):
    engine, name, file_format, precision = request.param
    package = engines.ENGINES[engine].package
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    return Case(engine, name, precision, tiny_models(name, file_format, precision))


def softmax(logits):
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def last_output(features, kernel, recurrent, bias):
    """An LSTM's output after the last frame, as Hochreiter and Schmidhuber (1997) with a forget gate write it."""
    hidden = cell = np.zeros((len(features), len(recurrent)))
    for frame in np.moveaxis(features.astype(np.float64), 1, 0):
        i, f, c, o = np.split(frame @ kernel + hidden @ recurrent + bias, 4, axis=-1)
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(c)
        hidden = sigmoid(o) * np.tanh(cell)
    return hidden


@pytest.fixture(scope="module")
def expected(tiny_weights, tiny_features, tiny_models):
    """What the models must answer, in plain numpy: name -> float64 (8, 3)."""
    normalization = read_description(tiny_models("dense", "onnx")).normalization
    inputs = (tiny_features - np.array(normalization.mean)) / np.array(normalization.std)
    kernel, bias = tiny_weights.dense
    head_kernel, head_bias = tiny_weights.head
    return {
        "dense": softmax(inputs.reshape(8, -1) @ kernel + bias),
        "lstm": softmax(last_output(inputs, *tiny_weights.lstm) @ head_kernel + head_bias),
    }


@pytest.mark.parametrize("count", [0, 1, 5, 8])
def test_any_batch_gives_each_windows_probabilities(case, tiny_features, expected, count):
    received = case.model.predict(tiny_features[:count])
    assert received.dtype == np.float32
    assert received.shape == (count, 3)
    np.testing.assert_allclose(received, expected[case.name][:count], rtol=0, atol=TOLERANCE[case.precision])
    if case.precision == "int8":  # whole steps of the softmax's fixed scale, exactly
        np.testing.assert_array_equal(received, np.rint(received * 256) / 256)


def test_the_windows_differ_enough_to_tell_them_apart(expected):
    for scores in expected.values():
        assert np.ptp(scores, axis=0).min() > 0.3
        assert set(scores.argmax(axis=1)) == {0, 1, 2}


def test_windows_do_not_influence_one_another(case, tiny_features):
    model = case.model
    in_order = model.predict(tiny_features[:4])
    backwards = model.predict(tiny_features[3::-1])[::-1]
    alone = np.concatenate([model.predict(window[None]) for window in tiny_features[:4]])
    again = model.predict(np.repeat(tiny_features[:1], 5, axis=0))
    tolerance = 1e-6  # Keras computes other batches in another order
    np.testing.assert_allclose(backwards, in_order, rtol=0, atol=tolerance)
    np.testing.assert_allclose(alone, in_order, rtol=0, atol=tolerance)
    np.testing.assert_allclose(again, np.repeat(in_order[:1], 5, axis=0), rtol=0, atol=tolerance)


def test_what_was_predicted_stays_as_it_was(case, tiny_features):
    """The result is the caller's: no later call writes into it."""
    model = case.model
    first = model.predict(tiny_features[:1])
    kept = first.copy()
    model.predict(tiny_features[7:])
    np.testing.assert_array_equal(first, kept)


def test_the_callers_features_stay_as_they_were(case, tiny_features):
    features = tiny_features[:2].copy()
    case.model.predict(features)
    np.testing.assert_array_equal(features, tiny_features[:2])


def test_features_of_any_layout_and_type_are_taken(case, tiny_features):
    model = case.model
    strided = np.asfortranarray(tiny_features[:3]).astype(np.float64)
    np.testing.assert_allclose(model.predict(strided), model.predict(tiny_features[:3]), rtol=0, atol=1e-6)


def test_two_threads_answer_like_one(case, tiny_features):
    if case.engine in ("micro", "keras"):
        with pytest.raises(ParameterError, match="threads=2: expected 1"):
            case.load(threads=2)
        return
    threaded = case.load(threads=2).predict(tiny_features)
    np.testing.assert_allclose(threaded, case.model.predict(tiny_features), rtol=0, atol=1e-6)


def test_keras_takes_the_threads_that_its_process_was_started_with(tiny_models, tiny_features, monkeypatch):
    pytest.importorskip("keras")
    path = tiny_models("dense", "keras")
    with pytest.raises(ParameterError, match="start the process with TF_NUM_INTRAOP_THREADS=2"):
        load(path, threads=2)
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "2")
    assert load(path, threads=2).predict(tiny_features).shape == (8, 3)
    with pytest.raises(ParameterError, match="threads=4"):
        load(path, threads=4)


def test_two_models_at_once_do_not_disturb_each_other(case, tiny_features):
    one, other = case.model, case.load()
    expected = one.predict(tiny_features[:2])
    other.predict(tiny_features[5:])
    np.testing.assert_array_equal(one.predict(tiny_features[:2]), expected)


def test_the_model_says_what_it_is(case):
    model = case.model
    assert model.engine.name == case.engine
    assert model.description == read_description(case.path)
    assert model.labels == ("blues", "disco", "métal")
    assert (model.config.window_frames, model.config.n_mfcc) == (32, 5)


@pytest.mark.parametrize("file_format", ["tflite", "onnx", "keras"])
def test_without_a_name_the_first_engine_of_the_format_is_taken(tiny_models, file_format):
    expected = {"tflite": "litert", "onnx": "onnx", "keras": "keras"}[file_format]
    pytest.importorskip(engines.ENGINES[expected].package)
    assert load(tiny_models("dense", file_format)).engine.name == expected


@pytest.mark.parametrize("engine", engines.ENGINES)
def test_a_missing_engine_names_its_pip_command(monkeypatch, tiny_models, engine):
    spec = engines.ENGINES[engine]
    monkeypatch.setitem(sys.modules, spec.package, None)
    too_late = engine == "tflite-runtime" and sys.version_info >= (3, 12)
    where = " in Python 3.11, the last that it has wheels for" if too_late else ""
    with pytest.raises(MissingPackageError, match=f"engine {engine} .* is not installed; run{where}: {PIP[engine]}"):
        load(tiny_models("dense", spec.format), engine=engine)


@pytest.mark.parametrize("engine", ["litert", "onnx", "keras"])
def test_without_any_engine_the_first_of_the_format_is_recommended(monkeypatch, tiny_models, engine):
    file_format = engines.ENGINES[engine].format
    path = tiny_models("dense", file_format)
    for spec in engines.ENGINES.values():
        monkeypatch.setitem(sys.modules, spec.package, None)
    with pytest.raises(MissingPackageError, match=PIP[engine]):
        load(path)


def test_an_engine_that_is_there_but_broken_names_its_pip_command(monkeypatch, tiny_models, tmp_path):
    """As tflite-runtime is beside numpy 2, and Keras without TensorFlow."""
    package = tmp_path / "tflite_runtime"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('numpy.core.multiarray failed to import')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "tflite_runtime", raising=False)
    with pytest.raises(MissingPackageError, match=f"does not load .*multiarray.*{PIP['tflite-runtime']}"):
        load(tiny_models("dense", "tflite"), engine="tflite-runtime")


@pytest.mark.parametrize(
    ("file_format", "arguments", "message"),
    [
        ("onnx", {"engine": "litert"}, "engine=litert: it reads tflite files, not onnx"),
        ("tflite", {"engine": "onnx"}, "engine=onnx: it reads onnx files, not tflite"),
        ("onnx", {"engine": "tensorrt"}, "engine=tensorrt: expected one of litert, tflite-runtime, micro, onnx, keras"),
        ("onnx", {"threads": 0}, "threads=0: expected 1 to 256"),
        ("onnx", {"threads": -1}, "threads=-1"),
    ],
)
def test_impossible_arguments_are_refused(tiny_models, file_format, arguments, message):
    with pytest.raises(ParameterError, match=message):
        load(tiny_models("dense", file_format), **arguments)


@pytest.mark.parametrize("file_format", ["tflite", "onnx"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": ("blues", "disco")}, "2 labels, its tensors say"),
        ({"front_end": {"window_s": 0.6}}, r"features \(38, 5\)"),
        ({"front_end": {"n_mfcc": 4}, "normalization": None}, r"features \(32, 4\)"),
    ],
)
def test_a_description_that_does_not_fit_the_tensors_is_refused(tiny_models, tmp_path, file_format, change, message):
    source = tiny_models("dense", file_format)
    description = read_description(source)
    if "front_end" in change:
        change = {**change, "front_end": dataclasses.replace(description.front_end, **change["front_end"])}
    path = tmp_path / f"misfit.{file_format}"
    path.write_bytes(attach(source.read_bytes(), dataclasses.replace(description, **change)))
    with pytest.raises(ModelFileError, match=rf"misfit.{file_format}: its description says .*{message}"):
        load(path)


@pytest.mark.parametrize("suffix", ["tflite", "onnx", "keras"])
def test_a_missing_file_is_refused_by_name(tmp_path, suffix):
    with pytest.raises(MissingFileError, match=rf"absent.{suffix}: expected a model file, found none"):
        load(tmp_path / f"absent.{suffix}")


@pytest.mark.parametrize("file_format", ["tflite", "onnx", "keras"])
def test_a_model_whose_description_survived_but_whose_graph_did_not_is_refused(tiny_models, tmp_path, file_format):
    source = tiny_models("dense", file_format)
    path = tmp_path / source.name
    if file_format == "keras":
        (tmp_path / "description.json").write_bytes((source.parent / "description.json").read_bytes())
        path.write_bytes(source.read_bytes()[:500])
    else:
        stub = b"\x1c\0\0\0TFL3" + bytes(100) if file_format == "tflite" else b""
        path.write_bytes(attach(stub, read_description(source)))
    with pytest.raises(ModelFileError, match=f"{path.name}: expected (a TFLite model|an ONNX model|a .keras archive)"):
        load(path)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0, 3), (0.04, 3), (0.06, 4), (0.05, 4), (0.15, 4), (-0.05, 2), (-13.1, -128), (1e9, 127), (-1e9, -128)],
)
def test_quantising_rounds_half_to_even_and_saturates(value, expected):
    """``clip(rint(x / scale + zero_point))``: a plain cast would wrap around, and differently on ARM."""
    quantised = Quantization(scale=0.1, zero_point=3, dtype=np.int8).quantize(np.float32([value]))
    assert quantised.dtype == np.int8
    assert quantised.tolist() == [expected]


def test_dequantising_inverts_quantising():
    values = np.arange(-128, 128).astype(np.int8)
    quantization = Quantization(scale=0.05, zero_point=-7, dtype=np.int8)
    real = quantization.dequantize(values)
    assert real.dtype == np.float32
    np.testing.assert_allclose(real, 0.05 * (np.arange(-128, 128) + 7), rtol=1e-6)
    np.testing.assert_array_equal(quantization.quantize(real), values)
