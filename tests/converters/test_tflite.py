import hashlib
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers
from tensorflow.lite.python import schema_py_generated as schema

from genrekit.converters.attach import attach
from genrekit.converters.formats import PRECISIONS
from genrekit.converters.tflite.convert import convert_tflite
from genrekit.converters.verify.parity import check, compare
from genrekit.runtime import ModelDescription
from genrekit.runtime.engines.litert import Interpreter
from genrekit.runtime.errors import ParameterError, UnsupportedModelError

from .conftest import LABELS, MODELS, convert_anew

CASES = [(model, precision) for model in MODELS for precision in PRECISIONS["tflite"]]
DENSE = {"FULLY_CONNECTED": 4, "RESHAPE": 1, "SOFTMAX": 1}
OPS = {
    "mlp": DENSE,
    "mlp-regularized": DENSE,
    "cnn": {"CONV_2D": 3, "MAX_POOL_2D": 3, "RESHAPE": 2, "FULLY_CONNECTED": 2, "SOFTMAX": 1},
    "lstm": {"UNIDIRECTIONAL_SEQUENCE_LSTM": 2, "SLICE": 1, "FULLY_CONNECTED": 2, "SOFTMAX": 1},
}
# A cast for each kernel; an LSTM layer has four kernels and four recurrent ones.
FLOAT16_CASTS = {"mlp": 4, "mlp-regularized": 4, "cnn": 5, "lstm": 18}


def graph_of(data):
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(data))


@pytest.mark.parametrize(("name", "precision"), CASES)
def test_the_graph_is_as_small_as_the_model(name, precision, conversions, ops):
    casts = {"DEQUANTIZE": FLOAT16_CASTS[name]} if precision == "float16" else {}
    assert ops(conversions(name, "tflite", precision).data, "tflite") == OPS[name] | casts


@pytest.mark.parametrize(("name", "precision"), CASES)
def test_the_file_agrees_with_keras(name, precision, conversions, models, data, run):
    probabilities = run(conversions(name, "tflite", precision).data, "tflite", data.unknown)
    check(compare(models(name).predict(data.unknown, verbose=0), probabilities, data.unknown_labels), precision)


@pytest.mark.parametrize("name", MODELS)
def test_less_precision_makes_smaller_files(name, conversions):
    sizes = {precision: len(conversions(name, "tflite", precision).data) for precision in PRECISIONS["tflite"]}
    assert sizes["float16"] < 0.6 * sizes["float32"]
    assert sizes["dynamic"] < 0.6 * sizes["float32"]
    assert sizes["int8"] < 0.35 * sizes["float32"]


@pytest.mark.parametrize("name", MODELS)
def test_int8_is_int8_from_end_to_end(name, conversions):
    interpreter = Interpreter(model_content=conversions(name, "tflite", "int8").data)
    ends = interpreter.get_input_details() + interpreter.get_output_details()
    assert [end["dtype"] for end in ends] == [np.int8, np.int8]
    assert all(end["quantization"][0] > 0 for end in ends)
    # The fused LSTM lists places for intermediate results that hold nothing.
    held = [tensor for tensor in interpreter.get_tensor_details() if np.prod(tensor["shape"])]
    assert not [tensor["name"] for tensor in held if tensor["dtype"] == np.float32]


def test_int8_weights_have_a_scale_for_each_channel(conversions):
    interpreter = Interpreter(model_content=conversions("cnn", "tflite", "int8").data)
    kernels = [tensor for tensor in interpreter.get_tensor_details() if len(tensor["shape"]) == 4]
    scales = [len(tensor["quantization_parameters"]["scales"]) for tensor in kernels if tensor["shape"][0] == 32]
    assert scales == [32, 32, 32]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "precision"), [("lstm", "int8"), ("lstm", "float16")])
def test_converting_again_gives_the_same_bytes(name, precision, conversions, models, data):
    again = convert_anew(models(name), "tflite", precision, data.known)
    assert again.data == conversions(name, "tflite", precision).data


@pytest.mark.slow
def test_another_process_gives_the_same_bytes(conversions, models, data, tmp_path):
    models("cnn").save(tmp_path / "cnn.keras")
    np.save(tmp_path / "known.npy", data.known)
    script = """
import hashlib, sys, keras, numpy as np
from genrekit.converters.onnx.convert import convert_onnx
from genrekit.converters.tflite.convert import convert_tflite
model = keras.saving.load_model(sys.argv[1] + "/cnn.keras")
known = np.load(sys.argv[1] + "/known.npy")
for convert in (convert_tflite, convert_onnx):
    print(hashlib.sha256(convert(model, "int8", known).data).hexdigest())
"""
    process = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    here = [conversions("cnn", file_format, "int8").data for file_format in ("tflite", "onnx")]
    assert process.stdout.split() == [hashlib.sha256(data).hexdigest() for data in here]


@pytest.mark.parametrize("name", ["mlp", "cnn", "lstm"])
def test_int8_runs_in_tflite_micro(name, conversions, models, data, run):
    features = data.unknown[:40]
    found = run(conversions(name, "tflite", "int8").data, "tflite", features, "micro")
    # Fewer windows than the gate has: one that differs is 2.5 %.
    assert compare(models(name).predict(features, verbose=0), found, data.unknown_labels[:40]).top1_agreement >= 0.95


def test_micro_and_litert_take_the_same_int8(models, data, conversions):
    """Converted anew, it has the same bytes."""
    for_micro = convert_tflite(models("cnn"), "int8", data.known, target="micro").data
    assert for_micro == conversions("cnn", "tflite", "int8").data


@pytest.mark.parametrize("precision", ["dynamic", pytest.param("int8", marks=pytest.mark.slow)])
def test_tflite_runtime_knows_every_operator_version(precision, models, data):
    """The highest versions that 2.14 registers."""
    known = {"FULLY_CONNECTED": 11, "CONV_2D": 8, "MAX_POOL_2D": 3, "RESHAPE": 1, "SOFTMAX": 3}
    codes = graph_of(convert_tflite(models("cnn"), precision, data.known, target="tflite-runtime").data).operatorCodes
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    for code in codes:
        assert code.version <= known[names[code.builtinCode]], names[code.builtinCode]


PREDICT = """
import sys, numpy
from genrekit.runtime.engines import load_engine
for model, found in zip(sys.argv[2::2], sys.argv[3::2]):
    numpy.save(found, load_engine(model, engine="tflite-runtime")(numpy.load(sys.argv[1])))
"""


IN_TFLITE_RUNTIME = [("mlp-regularized", "float32"), ("lstm", "float16"), ("mlp", "dynamic"), ("cnn", "int8")]


@pytest.fixture(scope="module")
def in_tflite_runtime(old_device, models, data, tmp_path_factory):
    """What tflite-runtime predicts for `data.unknown` with models made for it."""
    folder = tmp_path_factory.mktemp("tflite-runtime")
    np.save(folder / "features.npy", data.unknown)
    arguments = []
    for name, precision in IN_TFLITE_RUNTIME:
        path = folder / f"{name}-{precision}.tflite"
        converted = convert_tflite(models(name), precision, data.known, target="tflite-runtime").data
        path.write_bytes(attach(converted, ModelDescription(name, LABELS, format="tflite")))
        arguments += [path, path.with_suffix(".npy")]
    subprocess.run([old_device, "-c", PREDICT, folder / "features.npy", *arguments], check=True, cwd=folder)
    return folder


@pytest.mark.parametrize(("name", "precision"), IN_TFLITE_RUNTIME)
def test_tflite_runtime_runs_every_precision(name, precision, models, data, in_tflite_runtime):
    found = np.load(in_tflite_runtime / f"{name}-{precision}.npy")
    check(compare(models(name).predict(data.unknown, verbose=0), found, data.unknown_labels), precision)


def interpret(data, windows):
    """Probabilities of each window, from a model without a description."""
    interpreter = Interpreter(model_content=data)
    interpreter.allocate_tensors()
    found = []
    for window in windows:
        interpreter.reset_all_variables()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], window[np.newaxis])
        interpreter.invoke()
        found.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0])
    return np.array(found)


def test_cell_state_is_not_clipped():
    """A memory that counts to twenty and back: with the clipping at 10 that the converter sets, it would forget."""
    features = keras.Input((32, 5))
    model = keras.Model(features, layers.LSTM(2)(features))
    only_candidate, open_gates = [0, 0, 0, 0, 1, 1, 0, 0], [6, 6, 6, 6, 0, 0, 6, 6]
    model.set_weights([np.outer(np.ones(5), only_candidate), np.zeros((2, 8)), np.array(open_gates)])
    windows = np.ones((2, 32, 5), np.float32)
    windows[1, 20:] = -1.0
    found = interpret(convert_tflite(model, "float32").data, windows)
    np.testing.assert_allclose(found, model.predict(windows, verbose=0), atol=1e-6)


def test_a_graph_that_branches_converts():
    features = keras.Input((8, 4))
    sides = [layers.Dense(6, activation="relu")(features), layers.Dense(6)(features)]
    model = keras.Model(features, layers.Dense(3, activation="softmax")(layers.Flatten()(layers.Add()(sides))))
    windows = np.random.default_rng(0).normal(size=(3, 8, 4)).astype(np.float32)
    found = interpret(convert_tflite(model, "float32").data, windows)
    np.testing.assert_allclose(found, model.predict(windows, verbose=0), atol=1e-6)


def test_buffers_lie_where_kernels_can_read_them(conversions):
    for precision in PRECISIONS["tflite"]:
        data = conversions("cnn", "tflite", precision).data
        root = schema.Model.GetRootAs(data)
        for index in range(root.BuffersLength()):
            table = root.Buffers(index)._tab
            field = table.Offset(4)
            assert not field or table.Vector(field) % 16 == 0


def test_ends_have_names(conversions):
    interpreter = Interpreter(model_content=conversions("lstm", "tflite", "int8").data)
    assert interpreter.get_input_details()[0]["name"] == "features"
    assert interpreter.get_output_details()[0]["name"] == "probabilities"


def test_int8_needs_calibration(models):
    with pytest.raises(ParameterError, match="expected features of the training subset"):
        convert_tflite(models("mlp"), "int8")


@pytest.mark.parametrize(
    ("precision", "target", "error", "message"),
    [
        ("int4", "litert", ParameterError, "precision=int4: expected one of float32"),
        ("int8", "toaster", ParameterError, "target=toaster: expected one of litert"),
        ("float32", "micro", UnsupportedModelError, "choose int8"),
    ],
)
def test_what_cannot_be_made_is_refused(precision, target, error, message, models):
    with pytest.raises(error, match=message):
        convert_tflite(models("mlp"), precision, target=target)
