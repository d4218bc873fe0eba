"""The layers in C against the engines: LiteRT's floats, and tflite-micro's int8 bit for bit."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from genrekit.runtime.modelfile import tflite_tables
from genrekit.runtime.native_build import SOURCES, find_compiler

from ..c_models import Models, compile_models, ending_in, write_models
from ..c_nets import NETS, PRECISIONS, model_of, write_nets
from ..lint_c import COMPILERS, WARNINGS
from .test_c_sanitizers import HARNESS, ROOT, preloaded

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
# Without what takes a quarter of a minute to compile of unrolled loops, and what AddressSanitizer finds as well.
SANITIZED = ("-O0", "-g", "-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover=all",
             "-fno-sanitize=pointer-overflow,object-size,bounds")  # fmt: skip
WINDOWS = 4
RANDOM_GEOMETRIES, INPUTS = 40, 300


def form_of(name):
    """(options, instructions) of a form, which this processor has."""
    if not FLAGS_OF_PROCESSOR.get(name, set()) <= set(Path("/proc/cpuinfo").read_text().split()):
        pytest.skip(f"this processor has no {name}")
    return FORMS[name]


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
    # All libraries have the same.
    subprocess.run([*compiler, "-std=c99", "-fPIC", f"-I{SOURCES}", "-c", *sources], cwd=folder, check=True)
    objects = [source.with_suffix(".o") for source in sources]
    made = {}

    def make(*options):
        if options not in made:
            made[options] = compile_models(compiler, objects, options, folder / f"{len(made)}.so")
        return made[options]

    return make


@pytest.fixture(scope="module")
def sanitized_with(nets, tmp_path_factory):
    """The path of the library of whole nets that is compiled with these options for sanitizers, once."""
    folder = tmp_path_factory.mktemp("sanitized")
    sources = write_nets(folder, {key: graph for key, (_, graph) in nets.items()})
    made = {}

    def make(*options):
        if options not in made:
            made[options] = compile_models(compiler, sources, [*SANITIZED, *options], folder / f"{len(made)}.so")
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
def test_random_geometries_are_as_in_numpy_and_touch_nothing_else(form, sanitized_with):
    options, instructions = form_of(form)
    library = sanitized_with(*options)
    environment = {**os.environ, "LD_PRELOAD": preloaded(), "ASAN_OPTIONS": "detect_leaks=0"}
    command = [sys.executable, "-m", "tests.c.random_layers", library, str(instructions), str(RANDOM_GEOMETRIES)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-200:] + done.stderr


@pytest.mark.parametrize("options", sorted({options for options, _ in FORMS.values()}), ids=" ".join)
def test_right_and_wrong_calls_of_a_classifier_do_what_the_header_says(options, sanitized_with, tmp_path):
    program, library = tmp_path / "fuzz", sanitized_with(*options)
    command = [*compiler, "-std=c99", *SANITIZED, "-DSTANDALONE", f"-I{SOURCES}", "-o", program]
    sources = [HARNESS / "fuzz_classifier.c", library, f"-Wl,-rpath,{library.parent}", "-lm"]
    subprocess.run([*command, *sources], check=True)
    done = subprocess.run([program, "1", str(INPUTS)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"{INPUTS} inputs\n"), done.stderr


@pytest.mark.parametrize("name", COMPILERS)
def test_no_compiler_has_anything_to_say_of_models(name, nets, tmp_path):
    if shutil.which(name) is None:
        pytest.skip(f"no {name} at hand: apt install {name}")
    sources = write_nets(tmp_path, {key: graph for key, (_, graph) in nets.items()})
    subprocess.run([name, "-std=c99", *WARNINGS, "-fsyntax-only", f"-I{SOURCES}", *sources], check=True)
