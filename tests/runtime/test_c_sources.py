"""A folder of C says what it is: model.h carries the description, sealed with model.c."""

from __future__ import annotations

import contextlib
import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genrekit.converters.c.model_source import ModelSource, model_header
from genrekit.runtime import load, read_description, read_graph
from genrekit.runtime.errors import GenrekitError, MissingFileError, ModelFileError
from genrekit.runtime.modelfile.reader import format_by_name, model_format
from genrekit.toolkit.exporting.inspect import inspect_model
from genrekit.toolkit.library.remote_task import ModelFile

from .test_modelfile import FULL

HARD = dataclasses.replace(FULL, format="c", labels=("Č */ é", "/* ??/", 'b"l\\ues')[: len(FULL.labels)])
SOURCE = "static const float weights[] = {1.0f, 2.0f};\n"


@pytest.fixture
def folder(tmp_path):
    return write_described(tmp_path / "hard-float32-c")


def write_described(folder):
    """A folder of C, as far as it is read."""
    folder.mkdir()
    source = ModelSource("hard_float32", SOURCE, (), 0)
    (folder / "model.c").write_text(source.text)
    (folder / "model.h").write_text(model_header(source, HARD))
    return folder


def test_a_description_comes_back_as_it_was_written(folder):
    assert read_description(folder) == HARD
    assert read_description(folder).checksum
    assert (model_format(folder), format_by_name(folder)) == ("c", "c")


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [("model.c", "2.0f", "2.5f"), ("model.h", '"model": "', '"model": "no '), ("model.h", '"seed": ', '"seed": 1')],
)
def test_what_was_changed_is_refused(folder, name, before, after):
    text = (folder / name).read_text()
    assert before in text
    (folder / name).write_text(text.replace(before, after))
    with pytest.raises(ModelFileError, match=r"model\.c: expected a file whose bytes have the checksum .*export it ag"):
        read_description(folder)


def test_what_is_no_folder_of_ours_is_refused_in_a_sentence(folder):
    (folder / "model.h").write_text("/* somebody else's */\n#define MODEL 1\n")
    with pytest.raises(
        ModelFileError, match="hard-float32-c: expected a model with genrekit's description, found none"
    ):
        read_description(folder)
    (folder / "model.h").unlink()
    with pytest.raises(
        MissingFileError, match=r"hard-float32-c: expected a model file, found a folder without model\.h"
    ):
        read_description(folder)


def test_a_folder_without_its_model_is_refused(folder):
    (folder / "model.c").unlink()
    with pytest.raises(MissingFileError, match=r"model\.c: expected the source of a model, found none; export"):
        read_description(folder)


def test_what_cannot_run_it_says_what_can(folder):
    for use in (load, lambda path: ModelFile.of(path, 1)):
        with pytest.raises(
            ModelFileError, match=r"received a folder of C.*run `make` in it and \./classify, or name the"
        ):
            use(folder)
    with pytest.raises(ModelFileError, match=r"expected a \.tflite or \.onnx file"):
        read_graph(folder)


def test_it_is_inspected_as_it_describes_itself(folder):
    found = inspect_model(folder)
    config = HARD.front_end
    assert (found["format"], found["labels"]) == ("c", list(HARD.labels))
    assert found["input"]["shape"] == (1, config.window_frames, config.n_mfcc)
    assert found["output"]["shape"] == (1, len(HARD.labels))
    assert (found["bytes"], found["sha256"], found["ops"]) == (None, None, {})
    assert found["checksum"] == read_description(folder).checksum


def test_damaged_headers_never_raise_anything_but_our_errors(folder):
    header = (folder / "model.h").read_bytes()
    end = header.index(b"*/\n")

    @settings(max_examples=150)
    @given(damage=st.lists(st.tuples(st.integers(0, end + 20), st.integers(0, 255)), min_size=1, max_size=4))
    def check(damage):
        damaged = bytearray(header)
        for position, value in damage:
            damaged[position] = value
        (folder / "model.h").write_bytes(damaged)
        with contextlib.suppress(GenrekitError):
            assert read_description(folder) == HARD

    check()


def test_a_header_cut_short_is_refused(folder):
    header = (folder / "model.h").read_bytes()
    for size in range(0, header.index(b"\n*/\n"), 97):
        (folder / "model.h").write_bytes(header[:size])
        with pytest.raises(ModelFileError, match="expected a model with genrekit's description"):
            read_description(folder)
