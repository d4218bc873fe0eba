"""A folder of plain C computes what the .tflite that it was made from computes, and says what it is."""

from __future__ import annotations

import itertools
import json
import re

import numpy as np
import pytest

from genrekit.converters.c.folder import Golden, c_files, publish, write_files
from genrekit.converters.verify.c_folder import Build, compiler
from genrekit.runtime import MfccConfig, ModelDescription
from genrekit.runtime.errors import OutputError, UnsupportedModelError
from genrekit.runtime.modelfile import tflite_tables

from ..c_models import Models, compile_models, write_models
from .conftest import LABELS

needs_compiler = pytest.mark.skipif(compiler() is None, reason="no make and C compiler on this machine")
NAMES = ("mlp", "cnn", "lstm")
HARD_LABELS = ('Č "a"', "back\\slash", "??(", *LABELS[3:])


def described(precision):
    return ModelDescription("tried", HARD_LABELS, format="c", precision=precision, toolkit_version="1.2.3")


def golden():
    windows = np.zeros((1, MfccConfig().window_samples), np.int16)
    return Golden(windows, np.full((1, len(LABELS)), 0.1, np.float32), 1.0)


@pytest.fixture(scope="module")
def infer(conversions, tmp_path_factory):
    """The layers that folders have, of all models in one library: (model, precision, features) -> scores."""
    graphs = {
        (name, precision): tflite_tables.read(conversions(name, "tflite", precision).data)[0]
        for name, precision in itertools.product(NAMES, ("float32", "int8"))
    }
    folder = tmp_path_factory.mktemp("models")
    sources = write_models(folder, {"_".join(key): graph for key, graph in graphs.items()})
    models = Models(compile_models(compiler(), sources, (), folder / "models.so"), instructions=1)

    def scores(name, precision, features):
        return np.stack([models(list(graphs).index((name, precision)), window) for window in features])

    return scores


@needs_compiler
@pytest.mark.parametrize("name", NAMES)
def test_floats_are_those_of_the_tflite(name, infer, conversions, run, data):
    expected = run(conversions(name, "tflite", "float32").data, "tflite", data.unknown)
    np.testing.assert_allclose(infer(name, "float32", data.unknown), expected, atol=1e-5)


@needs_compiler
@pytest.mark.parametrize("name", NAMES)
def test_whole_numbers_are_those_of_tflite_micro(name, infer, conversions, run, data):
    pytest.importorskip("tflite_micro", reason="tflite-micro has wheels for x86-64 Linux only")
    expected = run(conversions(name, "tflite", "int8").data, "tflite", data.unknown, "micro")
    np.testing.assert_array_equal(infer(name, "int8", data.unknown), expected)


@needs_compiler
def test_a_folder_is_compiled_and_asked(conversions, infer, data, tmp_path, monkeypatch):
    monkeypatch.setenv("CFLAGS", "-O1 -DGK_LANES=1")
    write_files(tmp_path / "c", c_files(conversions("cnn", "tflite", "int8").data, described("int8"), golden()))
    build = Build(tmp_path / "c", compiler())
    np.testing.assert_array_equal(build.scores(data.unknown), infer("cnn", "int8", data.unknown))
    silence = np.zeros(MfccConfig().window_samples, np.int16)
    assert build.decisions(silence).shape == (1, len(LABELS))
    build.self_test()


def test_the_same_model_gives_the_same_bytes(conversions):
    model = conversions("cnn", "tflite", "int8").data
    assert c_files(model, described("int8"), golden()) == c_files(model, described("int8"), golden())


def test_a_folder_holds_no_layer_that_its_model_lacks(conversions):
    files = c_files(conversions("mlp", "tflite", "int8").data, described("int8"), golden())
    assert {"genrekit.h", "mfcc.c", "stream.c", "answer.c", "conv_int8.c", "model.c", "main.c", "Makefile"} <= set(
        files
    )
    assert not [name for name in files if re.search(r"pool|lstm|double|conv\.c", name)]


def test_the_header_carries_the_description(conversions):
    files = c_files(conversions("cnn", "tflite", "int8").data, described("int8"), golden())
    comment = re.match(r"/\*(.*?)\*/", files["model.h"].decode(), re.DOTALL)[1]
    told = json.loads(comment[comment.index("{") :])
    assert tuple(told["labels"]) == HARD_LABELS
    assert told["front_end"]["n_mfcc"] == MfccConfig().n_mfcc


def test_an_operator_that_has_no_layer_is_refused_by_name():
    import keras

    from genrekit.converters.tflite.convert import convert_tflite

    model = keras.Sequential([keras.Input((130, 13)), keras.layers.Flatten(), keras.layers.Dense(10, "gelu")])
    with pytest.raises(UnsupportedModelError, match="operator GELU"):
        c_files(convert_tflite(model, "float32").data, described("float32"), golden())


def test_files_of_the_users_own_are_not_lost(tmp_path):
    folder = tmp_path / "cnn-int8-c"
    publish(folder, {"model.c": b"1", "main.c": b"1"})
    publish(folder, {"model.c": b"2"})
    assert [file.name for file in folder.iterdir()] == ["model.c"]
    assert (folder / "model.c").read_bytes() == b"2"
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"notes\.txt"):
        publish(folder, {"model.c": b"3"})
    assert (folder / "model.c").read_bytes() == b"2"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cnn-int8-c"]
