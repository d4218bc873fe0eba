"""A model as WebAssembly computes what its folder of C computes, and asks nothing of its host."""

from __future__ import annotations

import numpy as np
import pytest

from genrekit.converters.c.folder import library_files
from genrekit.converters.c.wasm import WEB, compile_wasm
from genrekit.converters.verify.wasm import WasmRun
from genrekit.runtime import MfccConfig, MfccStream, ModelDescription

from .conftest import LABELS, window

pytestmark = pytest.mark.slow  # and `make test` has no compiler for it
FULL_SCALE = 2**15


@pytest.fixture(scope="session")
def modules(conversions):
    """Compiles when first asked: (model, precision) -> module."""
    pytest.importorskip("ziglang", reason='no compiler for WebAssembly: pip install "genrekit[cross]"')
    made = {}

    def module(name, precision):
        if (name, precision) not in made:
            description = ModelDescription("tried", LABELS, format="web", precision=precision)
            made[name, precision] = compile_wasm(
                library_files(conversions(name, "tflite", precision).data, description, [WEB])
            )
        return made[name, precision]

    return module


def running(module):
    return WasmRun(module, MfccConfig(), len(LABELS))


@pytest.mark.parametrize("name", ["mlp", "cnn", "lstm"])
def test_floats_are_those_of_the_tflite(name, modules, conversions, run, data):
    expected = run(conversions(name, "tflite", "float32").data, "tflite", data.unknown)
    np.testing.assert_allclose(running(modules(name, "float32")).scores(data.unknown), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_whole_numbers_are_those_of_tflite_micro(name, modules, conversions, run, data):
    pytest.importorskip("tflite_micro", reason="tflite-micro has wheels for x86-64 Linux only")
    expected = run(conversions(name, "tflite", "int8").data, "tflite", data.unknown, "micro")
    np.testing.assert_array_equal(running(modules(name, "int8")).scores(data.unknown), expected)


def test_a_stream_is_decided_as_its_windows(modules):
    generator = np.random.default_rng(6)
    track = np.rint(np.concatenate([window(label, generator) for label in (1, 5, 8)]) * FULL_SCALE).astype(np.int16)
    features = np.stack(list(MfccStream(MfccConfig()).push(track / np.float32(FULL_SCALE))))
    cnn = running(modules("cnn", "float32"))
    found = cnn.decisions(track)
    assert len(found) == len(features) == 12
    np.testing.assert_allclose(found, cnn.scores(features), atol=1e-3)


def test_nothing_is_asked_of_the_host(modules):
    wasmtime = pytest.importorskip("wasmtime")
    module = wasmtime.Module(wasmtime.Engine(), modules("cnn", "int8"))
    assert list(module.imports) == []
