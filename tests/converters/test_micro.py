"""C sources for microcontrollers: they compile as C and as C++, and hold the model that tflite-micro runs."""

from __future__ import annotations

import ctypes
import dataclasses
import shutil
import subprocess

import pytest

from genrekit.converters.attach import attach, without_description
from genrekit.runtime.modelfile.reader import read_description, read_graph

micro = pytest.importorskip(
    "genrekit.converters.tflite.micro_sources", reason="tflite-micro has wheels for x86-64 Linux only"
)


@pytest.fixture
def sources(tiny_models, tmp_path):
    """(the .tflite, its header, its source); its labels are hard to write in C."""
    path, tiny = tmp_path / "tiny-int8.tflite", tiny_models("dense", "tflite", "int8")
    description = dataclasses.replace(read_description(tiny), labels=('Č "a"1', "back\\slash", "??("))
    path.write_bytes(attach(without_description(tiny.read_bytes()), description))
    return path, *micro.write_sources(path)


def compiler(name):
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} on this machine")
    return found


def defines(header):
    lines = [line.split(maxsplit=2) for line in header.read_text().splitlines() if line.startswith("#define TINY")]
    return {words[1].removeprefix("TINY_INT8_"): words[2].strip("()") for words in lines}


def test_the_compiled_array_is_the_model_without_its_description(sources, tmp_path):
    path, _, source = sources
    library = tmp_path / "model.so"
    subprocess.run(
        [
            compiler("cc"),
            "-std=c11",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-shared",
            "-fPIC",
            "-x",
            "c",
            source,
            "-o",
            library,
        ],
        check=True,
    )
    loaded = ctypes.CDLL(library)
    length = ctypes.c_size_t.in_dll(loaded, "tiny_int8_model_length").value
    array = (ctypes.c_ubyte * length).in_dll(loaded, "tiny_int8_model")
    assert bytes(array) == without_description(path.read_bytes())
    assert ctypes.addressof(array) % micro.ALIGNMENT == 0
    description = read_description(path)
    labels = (ctypes.c_char_p * len(description.labels)).in_dll(loaded, "tiny_int8_labels")
    assert [label.decode() for label in labels] == list(description.labels)
    mean = (ctypes.c_float * description.front_end.n_mfcc).in_dll(loaded, "tiny_int8_mean")
    assert list(mean) == pytest.approx(description.normalization.mean, rel=1e-6)


def test_it_compiles_as_cpp_too(sources, tmp_path):
    subprocess.run(
        [compiler("c++"), "-std=c++11", "-Wall", "-Wextra", "-Werror", "-c", sources[2], "-o", tmp_path / "model.o"],
        check=True,
    )


def test_the_header_tells_scales_and_front_end(sources):
    path, header, _ = sources
    told, graph, config = defines(header), read_graph(path), read_description(path).front_end
    assert float(told["INPUT_SCALE"].rstrip("f")) == graph.inputs[0].scale
    assert int(told["INPUT_ZERO_POINT"]) == graph.inputs[0].zero_point
    assert int(told["OUTPUT_ZERO_POINT"]) == graph.outputs[0].zero_point
    assert (int(told["FRAMES"]), int(told["N_MFCC"])) == (config.window_frames, config.n_mfcc)
    assert (int(told["SAMPLE_RATE"]), int(told["HOP_LENGTH"])) == (config.sample_rate, config.hop_length)


def test_the_arena_is_enough_and_not_lavish(sources):
    from tflite_micro import runtime

    path, header, _ = sources
    arena = int(defines(header)["ARENA_BYTES"])
    runtime.Interpreter.from_file(str(path), arena_size=arena).invoke()
    with pytest.raises(RuntimeError):
        runtime.Interpreter.from_file(str(path), arena_size=arena // 2).invoke()
