"""The layers in C against the engines: LiteRT's floats, and tflite-micro's int8 bit for bit."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from genrekit.runtime.modelfile import tflite_tables
from genrekit.runtime.native_build import find_compiler

from ..c_models import Models, compile_models, ending_in, write_models
from .test_c_sanitizers import SANITIZED, preloaded

ROOT = Path(__file__).parents[2]
compiler = find_compiler()
# Of the converter, where ranges come from examples.
NO_STATISTICS = "ignore:Statistics for quantized inputs were expected:UserWarning"
pytestmark = [
    pytest.mark.skipif(
        compiler is None or not sys.platform.startswith("linux"), reason="wants Linux and a C compiler: apt install gcc"
    ),
    pytest.mark.filterwarnings(NO_STATISTICS),
]
# What each form is compiled with, and the instructions that it is asked for, as in genrekit.h.
FORMS = {"base": ((), 1), "avx2": ((), 2), "avx512": ((), 3), "plain C": (("-DGK_LANES=1",), 1)}
FLAGS_OF_PROCESSOR = {"avx2": {"avx2", "fma"}, "avx512": {"avx512f", "avx512dq"}}
# What takes a quarter of a minute to compile of unrolled loops, and what AddressSanitizer finds as well.
LEFT_OUT = "-fno-sanitize=pointer-overflow,object-size,bounds"
WINDOWS = 4
RANDOM_GEOMETRIES = 40


def form_of(name):
    """(options, instructions) of a form, which this processor has."""
    if not FLAGS_OF_PROCESSOR.get(name, set()) <= set(Path("/proc/cpuinfo").read_text().split()):
        pytest.skip(f"this processor has no {name}")
    return FORMS[name]


def weight(*shape):
    generator = np.random.default_rng(np.prod(shape))
    return generator.normal(0, 1 / np.sqrt(np.prod(shape[:-1])), shape).astype(np.float32)


def padded_net(x):
    """Kernels that reach beyond the input, units and channels that no vector divides."""
    import tensorflow as tf

    first = tf.nn.relu6(tf.nn.conv2d(x, 4 * weight(3, 3, 3, 21), 1, "SAME") + weight(21))
    pooled = tf.nn.max_pool2d(first, (3, 2), 2, "SAME")
    depthwise = tf.nn.relu(tf.nn.depthwise_conv2d(pooled, weight(3, 3, 21, 1), (1, 1, 1, 1), "SAME") + weight(21))
    added = pooled + depthwise
    second = tf.nn.conv2d(added, weight(2, 1, 21, 37), (2, 1), "SAME") + weight(37)
    average = tf.nn.avg_pool2d(second, (3, 2), (2, 1), "SAME")
    dense = tf.nn.relu(tf.reshape(average, (1, -1)) @ weight(np.prod(average.shape), 33) + weight(33))
    logits = dense @ (5 * weight(33, 5))
    mean = tf.reduce_mean(second, (1, 2))
    return [first, pooled, depthwise, added, second, average, dense, logits, tf.nn.softmax(logits), mean]


def whole_net(x):
    """Kernels that stay within the input, strides, several units for a channel, and softmax in rows."""
    import tensorflow as tf

    first = tf.nn.conv2d(x, weight(5, 3, 3, 16), (2, 1), "VALID")
    pooled = tf.nn.max_pool2d(first, 2, 1, "VALID")
    depthwise = tf.nn.relu6(tf.nn.depthwise_conv2d(pooled, 9 * weight(2, 3, 16, 3), (1, 2, 2, 1), "VALID") + weight(48))
    second = tf.nn.conv2d(depthwise, weight(1, 1, 48, 8), 1, "VALID") + weight(8)
    third = tf.nn.conv2d(depthwise, -5 * weight(1, 1, 48, 8), 1, "VALID") + weight(8)
    added = tf.nn.relu(second + third)
    average = tf.nn.avg_pool2d(added, (1, 2), 1, "VALID")
    rows = tf.nn.softmax(tf.reshape(third, (-1, 8)))
    return [first, pooled, depthwise, second, third, added, average, rows]


PRECISIONS = ("float32", "int8")
NETS = {"padded": (padded_net, (1, 13, 10, 3)), "whole": (whole_net, (1, 12, 9, 3)), "lstm": (None, (1, 9, 5))}


def lstm_model(precision, known):
    """Of units that neither four nor a vector divides."""
    import keras

    from genrekit.converters.tflite.convert import convert_tflite

    keras.utils.set_random_seed(1)
    first, second = keras.layers.LSTM(21, return_sequences=True), keras.layers.LSTM(6, bias_initializer="random_normal")
    model = keras.Sequential([keras.layers.Input(known.shape[2:]), first, second, keras.layers.Dense(40)])
    for weights in model.weights:
        weights.assign(3 * weights)
    return convert_tflite(model, precision, known[:, 0] if precision == "int8" else None).data


def model_of(name, precision):
    """The bytes of a .tflite."""
    import tensorflow as tf

    net, shape = NETS[name]
    known = np.random.default_rng(0).normal(size=(20, *shape)).astype(np.float32)
    if net is None:
        return lstm_model(precision, known)
    function = tf.function(net, input_signature=[tf.TensorSpec(shape)])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    if precision == "int8":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([x] for x in known)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


@pytest.fixture(scope="module", params=NETS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def nets():
    """(name, precision) -> bytes of a .tflite and its graph."""
    made = {(name, precision): model_of(name, precision) for name in NETS for precision in PRECISIONS}
    return {key: (model, tflite_tables.read(model)[0]) for key, model in made.items()}


@pytest.fixture(scope="module")
def parts(nets):
    """(name, precision, index of an output) -> the graph that ends there."""
    return {
        (*key, index): ending_in(graph, output)
        for key, (_, graph) in nets.items()
        for index, output in enumerate(graph.outputs)
    }


@pytest.fixture(scope="module")
def library_with(parts, tmp_path_factory):
    """The path of the library of all parts that is compiled with these options, once."""
    folder = tmp_path_factory.mktemp("models")
    sources = write_models(folder, {"_".join(map(str, key)): graph for key, graph in parts.items()})
    made = {}

    def make(*options):
        if options not in made:
            made[options] = compile_models(compiler, sources, options, folder / f"{len(made)}.so")
        return made[options]

    return make


@pytest.fixture(params=FORMS, scope="module")
def models(request, library_with):
    options, instructions = form_of(request.param)
    return Models(library_with(*options), instructions)


def by_litert(model, x):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=model)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    return [interpreter.get_tensor(i).copy() for i in tflite_tables.read(model)[0].outputs]


def by_micro(model, x):
    runtime = pytest.importorskip("tflite_micro", reason="it has wheels for x86-64 Linux only").runtime
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=10**6)
    interpreter.set_input(x, 0)
    interpreter.invoke()
    return [interpreter.get_output(i).copy() for i in range(len(tflite_tables.read(model)[0].outputs))]


def real(tensor, numbers):
    """What numbers in int8 of `tensor` stand for."""
    return np.float32(tensor.scales[0]) * (numbers.astype(np.float32) - tensor.zero_points[0])


def test_floats_are_those_of_litert(models, parts, nets, name):
    (model, _), generator = nets[name, "float32"], np.random.default_rng(1)
    for _ in range(WINDOWS):
        x = generator.normal(size=NETS[name][1]).astype(np.float32)
        for index, expected in enumerate(by_litert(model, x)):
            received = models(list(parts).index((name, "float32", index)), x)
            np.testing.assert_allclose(received, expected.ravel(), rtol=1e-5, atol=1e-5)


def test_int8_is_that_of_tflite_micro_bit_for_bit(models, parts, nets, name):
    (model, graph), generator = nets[name, "int8"], np.random.default_rng(2)
    for _ in range(WINDOWS):
        x = generator.integers(-128, 128, NETS[name][1], np.int8)
        for index, expected in enumerate(by_micro(model, x)):
            received = models(list(parts).index((name, "int8", index)), real(graph.tensors[graph.inputs[0]], x))
            np.testing.assert_array_equal(received, real(graph.tensors[graph.outputs[index]], expected).ravel())
            assert len(np.unique(expected)) > 1


def test_numbers_are_quantised_as_everywhere(models):
    scale, zero = 0.1, -3
    x = np.concatenate([np.arange(-20, 20, 0.05), [1e9, -1e9, np.inf, np.nan]]).astype(np.float32)
    whole, received = np.empty(len(x), np.int8), np.empty(len(x), np.float32)
    ends = len(x), ctypes.c_float(scale), zero
    models.library.genrekit_quantize_run(*ends, pointer(x), pointer(whole))
    models.library.genrekit_dequantize_run(*ends, pointer(whole), pointer(received))
    expected = np.append(np.clip(np.rint(x[:-1] / np.float32(scale) + zero), -128, 127), -128)
    np.testing.assert_array_equal(whole, expected)
    np.testing.assert_array_equal(received, np.float32(scale) * (expected.astype(np.float32) - zero))


def pointer(array):
    return ctypes.c_void_p(array.ctypes.data)


@pytest.mark.parametrize("form", FORMS)
def test_random_geometries_are_as_in_numpy_and_touch_nothing_else(form, library_with):
    options, instructions = form_of(form)
    library = library_with(*SANITIZED, LEFT_OUT, *options)
    environment = {**os.environ, "LD_PRELOAD": preloaded(), "ASAN_OPTIONS": "detect_leaks=0"}
    command = [sys.executable, "-m", "tests.c.random_layers", library, str(instructions), str(RANDOM_GEOMETRIES)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-200:] + done.stderr
