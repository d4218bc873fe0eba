"""Where files run: the rules, beside what each runtime of Python says of every file, and of every operator."""

import collections
import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import soundfile

from genrekit.converters.attach import attach
from genrekit.converters.audio_input.join import for_audio, mfcc_model
from genrekit.runtime import MfccConfig, ModelDescription, load
from genrekit.runtime.engines import load_engine
from genrekit.runtime.modelfile.graph import Graph, OperatorKind
from genrekit.runtime.modelfile.reader import read_description, read_graph
from genrekit.toolkit.exporting.inspect import inspect_model
from genrekit.toolkit.exporting.runs_in import NEWEST_OPSETS, RUNTIMES, VERSIONS, runs_in

from ..environments import ROOT
from ..fixtures.golden import vectors
from .conftest import LABELS, RUNTIME_CASES

TFLITE = [case for case in RUNTIME_CASES if case[1] == "tflite"]
TOLERANCE = {"float32": 1e-3, "float16": 1e-3, "dynamic": 0.03, "int8": 0.03}
IN_TFLITE_RUNTIME = """
import sys, json, numpy as np
from tflite_runtime.interpreter import Interpreter
found = {}
for path in sys.argv[2:]:
    try:
        interpreter = Interpreter(path)
        interpreter.allocate_tensors()
        taken, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        window = np.load(sys.argv[1])[path]
        if taken["dtype"] == np.int8:
            scale, zero = taken["quantization"]
            window = np.clip(np.rint(window / scale + zero), -128, 127).astype(np.int8)
        interpreter.set_tensor(taken["index"], window)
        interpreter.invoke()
        scores = interpreter.get_tensor(given["index"])[0]
        if given["dtype"] == np.int8:
            scale, zero = given["quantization"]
            scores = (scores.astype(np.float32) - zero) * scale
        found[path] = scores.tolist()
    except Exception as error:
        found[path] = str(error)
print(json.dumps(found))
"""
IN_MICRO = """
import sys, numpy as np
from genrekit.runtime.engines.micro import runtime
interpreter = runtime.Interpreter.from_file(sys.argv[1], arena_size=32 * 2**20)
interpreter.invoke()
"""


def verdict(path, runtime):
    return inspect_model(path)["runs_in"][runtime]


@pytest.mark.parametrize("case", RUNTIME_CASES, ids="-".join)
def test_every_file_runs_in_the_engine_of_its_format(case, runtime_files, runtime_window):
    path = runtime_files(*case)
    found = inspect_model(path)["runs_in"]
    assert list(found) == list(RUNTIMES)
    assert found["litert" if case[1] == "tflite" else "onnxruntime"] is True
    assert load_engine(path)(runtime_window[case[3]]).shape == (1, 10)
    others = [name for name, (file_format, _) in RUNTIMES.items() if file_format != case[1]]
    assert all("export --format" in found[name] for name in others)


@pytest.mark.parametrize("name", ["mlp", "cnn", "lstm"])
def test_floats_outside_change_no_score(name, runtime_files, runtime_window):
    whole, floats = (runtime_files(name, "tflite", "int8", taken) for taken in ("features", "floats"))
    ends = read_graph(floats)
    assert (ends.inputs[0].dtype, ends.outputs[0].dtype) == ("float32", "float32")
    assert {"QUANTIZE", "DEQUANTIZE"} <= set(ends.ops)
    one, other = (load_engine(path)(runtime_window["features"]) for path in (whole, floats))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("case", TFLITE, ids="-".join)
def test_tflite_micro(case, runtime_files):
    pytest.importorskip("tflite_micro", reason="tflite-micro has wheels for x86-64 Linux only")
    path = runtime_files(*case)
    # In a process of its own, since what it cannot run may end it.
    process = subprocess.run([sys.executable, "-c", IN_MICRO, path], capture_output=True, text=True)
    assert (process.returncode == 0) == (verdict(path, "tflite-micro") is True), process.stderr


def test_tflite_micro_takes_a_front_end_of_few_bands(tmp_path):
    """The front end alone; with more bands it concatenates more of them than tflite-micro takes at once."""
    pytest.importorskip("tflite_micro", reason="tflite-micro has wheels for x86-64 Linux only")
    config, path = vectors.front_ends()["speech"], tmp_path / "front_end.tflite"
    described = ModelDescription("model", LABELS, config, format="tflite", input="audio")
    path.write_bytes(attach(mfcc_model(described), described))
    subprocess.run([sys.executable, "-c", IN_MICRO, path], check=True)
    assert runs_in(read_graph(path), described, "tflite")["tflite-micro"] is True


def test_tflite_runtime(old_device, runtime_files, runtime_window, tmp_path):
    files = {str(runtime_files(*case)): case for case in TFLITE}
    np.savez(tmp_path / "windows.npz", **{path: runtime_window[case[3]] for path, case in files.items()})
    command = [old_device, "-c", IN_TFLITE_RUNTIME, tmp_path / "windows.npz", *files]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    for path, case in files.items():
        assert isinstance(found[path], list) == (verdict(Path(path), "tflite-runtime") is True), (case, found[path])
        if isinstance(found[path], list):
            expected = load_engine(path)(runtime_window[case[3]])[0]
            np.testing.assert_allclose(found[path], expected, rtol=0, atol=TOLERANCE[case[2]], err_msg=str(case))


def test_mediapipe(mediapipe_device, runtime_files, runtime_window, tmp_path):
    """By the example, which knows nothing of genrekit."""
    recording = tmp_path / "recording.wav"
    soundfile.write(recording, runtime_window["audio"][0], 22050, "PCM_16")
    heard = soundfile.read(recording, dtype="float32")[0][np.newaxis]
    for case in TFLITE:
        path = runtime_files(*case)
        command = [mediapipe_device, ROOT / "examples" / "mediapipe_audio.py", path, recording]
        process = subprocess.run(command, capture_output=True, text=True)
        assert (process.returncode == 0) == (verdict(path, "mediapipe") is True), (case, process.stderr)
        if process.returncode == 0:
            lines = (line.split() for line in process.stdout.splitlines())
            found = {label: float(score) for start, score, label in lines if start == "0"}
            assert found == pytest.approx(dict(zip(LABELS, load_engine(path)(heard)[0], strict=True)), abs=1e-3)


@pytest.mark.parametrize("rate", [4000, 48_000, 384_000])
def test_mediapipe_takes_any_rate(rate, mediapipe_device, conversions, runtime_window, tmp_path):
    """As many samples a window as at 22,050 Hz, so that the same model takes its MFCC."""
    config = MfccConfig(sample_rate=rate, window_s=66150 / rate)
    described = ModelDescription("model", LABELS, config, format="tflite")
    made, says = for_audio(conversions("cnn", "tflite", "float32"), described, 1)
    path, recording = tmp_path / "model.tflite", tmp_path / "recording.wav"
    path.write_bytes(attach(made.data, says))
    soundfile.write(recording, runtime_window["audio"][0], rate, "PCM_16")
    command = [mediapipe_device, ROOT / "examples" / "mediapipe_audio.py", path, recording]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    found = {label: float(score) for start, score, label in map(str.split, process.stdout.splitlines()) if start == "0"}
    heard = soundfile.read(recording, dtype="float32")[0][np.newaxis]
    assert found == pytest.approx(dict(zip(LABELS, load_engine(path)(heard)[0], strict=True)), abs=1e-3)


def test_the_example_of_litert(runtime_files, runtime_window, tmp_path):
    recording, path = tmp_path / "recording.wav", runtime_files("cnn", "tflite", "float32", "audio")
    soundfile.write(recording, runtime_window["audio"][0], 22050, "FLOAT")
    command = [sys.executable, ROOT / "examples" / "litert.py", path, recording]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    found = {label: float(score) for score, label in map(str.split, process.stdout.splitlines())}
    expected = load(path, any_answer=True).classify(runtime_window["audio"][0]).scores
    assert found == pytest.approx(expected, abs=1e-4)


def with_operator(name, version):
    """A .tflite of one operator; nothing but its name and version is right."""
    import flatbuffers
    from tensorflow.lite.python import schema_py_generated as schema

    number = getattr(schema.BuiltinOperator, name)
    code = schema.OperatorCodeT(deprecatedBuiltinCode=min(number, 127), builtinCode=number, version=version)
    tensors = [schema.TensorT(shape=np.array([1, 4], np.int32), name=b"x") for _ in range(2)]
    for tensor in tensors:
        tensor.quantization = schema.QuantizationParametersT()
    first, last = np.array([0], np.int32), np.array([1], np.int32)
    operator = schema.OperatorT(opcodeIndex=0, inputs=first, outputs=last)
    graph = schema.SubGraphT(tensors=tensors, inputs=first, outputs=last, operators=[operator], name=b"main")
    model = schema.ModelT(version=3, operatorCodes=[code], subgraphs=[graph], buffers=[schema.BufferT()])
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


KNOWN = """
import sys, json, base64
from {package}.interpreter import Interpreter
for line in sys.stdin:
    try:
        Interpreter(model_content=base64.b64decode(line))
        print(1)
    except Exception as error:
        print(int("Didn't find op" not in str(error)))
"""


def known(python, package, models):
    import base64

    lines = "\n".join(base64.b64encode(model).decode() for model in models)
    command = [python, "-c", KNOWN.format(package=package)]
    process = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    return list(map(bool, map(int, process.stdout.split())))


def check_versions(python, package, column):
    pairs = [(name, versions[column] + more) for name, versions in VERSIONS.items() for more in (0, 1)]
    found = known(python, package, [with_operator(*pair) for pair in pairs])
    expected = [True, False] * len(VERSIONS)
    wrong = [pair for pair, *both in zip(pairs, found, expected, strict=True) if both[0] != both[1]]
    assert wrong == []


def test_the_newest_versions_in_litert():
    check_versions(sys.executable, "ai_edge_litert", 0)


def test_the_newest_versions_in_tflite_runtime(old_device):
    check_versions(old_device, "tflite_runtime", 1)


def with_opset(version):
    """An .onnx of one operator of this version."""
    make = onnx.helper.make_tensor_value_info
    ends = make("x", 1, [1, 2]), make("y", 1, [1, 2])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "one", [ends[0]], [ends[1]])
    opsets = [onnx.helper.make_opsetid("", version)]
    return onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


def test_the_newest_operators_of_onnxruntime():
    newest = NEWEST_OPSETS["onnxruntime"]
    onnxruntime.InferenceSession(with_opset(newest))
    with pytest.raises(Exception, match=r"(?i)opset"):
        onnxruntime.InferenceSession(with_opset(newest + 1))


def test_what_no_file_of_ours_holds(runtime_files):
    """Operators that are too new or unknown are named, with what is known."""
    path = runtime_files("cnn", "tflite", "float32", "audio")
    description, graph = read_description(path), read_graph(path)

    def verdicts(*kinds):
        return runs_in(dataclasses.replace(graph, kinds=frozenset(kinds)), description, "tflite")

    assert verdicts(OperatorKind("MUL", 7))["tflite-runtime"] is True
    too_new = verdicts(OperatorKind("MUL", 8))
    assert too_new["tflite-runtime"] == ("MUL of version 8, of which it knows 7: export --target tflite-runtime")
    assert too_new["litert"] is True
    assert "MUL of version 9" in verdicts(OperatorKind("MUL", 9))["mediapipe"]
    assert verdicts(OperatorKind("RFFT2D", 1))["tflite-micro"] == "it has no RFFT2D"
    bare = runs_in(dataclasses.replace(graph, metadata=frozenset()), description, "tflite")
    assert "TFLite Metadata: export --input audio" in bare["mediapipe"]


def test_folders_of_c_and_keras_run_in_none_of_them(runtime_files):
    description = read_description(runtime_files("cnn", "tflite", "float32", "features"))
    for file_format in ("c", "keras"):
        found = runs_in(Graph({}, (), ()), description, file_format)
        assert collections.Counter(found.values()) == {
            "it reads TFLite: export --format tflite": 5,
            "it reads ONNX: export --format onnx": 2,
        }
