"""Descriptions inside model files: written, read back, replaced, refused."""

import contextlib
import dataclasses
import io
import json
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genrekit.converters.attach import attach
from genrekit.runtime import MfccConfig, ModelDescription, Normalization, load
from genrekit.runtime.errors import GenrekitError, MissingFileError, ModelFileError
from genrekit.runtime.modelfile.description import (
    FORMAT_VERSION,
    Accuracy,
    CalibrationRecord,
    ParityRecord,
    QuantizationScheme,
    TrainingCorpus,
)
from genrekit.runtime.modelfile.reader import model_format, read_description, read_graph

from ..conftest import protobuf_field

FORMATS = ["tflite", "onnx"]
FULL = ModelDescription(
    model="cnn",
    labels=("blues", "hip hop", "métal", "日本"),
    front_end=MfccConfig(sample_rate=16000, n_fft=512, hop_length=160, n_mels=40, n_mfcc=3, window_s=2.5, top_db=None),
    normalization=Normalization((1.5, -2.0, 0.1), (1.0, 0.25, 30.0)),
    format="tflite",
    precision="int8",
    target="micro",
    parameters=45514,
    macs=1_234_567,
    recipe="edge",
    split="track",
    seed=3,
    corpus=TrainingCorpus("demo", "abc", 90, demo=True),
    accuracy=Accuracy(train=0.9, validation=None, test=0.75, test_tracks=1.0),
    quantization=QuantizationScheme("int8", "int8"),
    calibration=CalibrationRecord(200, 0, "def"),
    parity=ParityRecord(300, 0.01, 0.99, ("Too few windows.",)),
    notes=("One sentence.", "And another: “quoted”."),
    toolkit_version="0.1.0",
)


@pytest.fixture
def bare(tiny_models):
    """A model's bytes with a description of another model inside: file format -> bytes."""
    return lambda file_format: tiny_models("dense", file_format).read_bytes()


def altered(description, **fields):
    """The description's JSON with other or more fields, as another version may write it."""
    return json.dumps({**json.loads(description.to_json()), **fields})


def with_json(tmp_path, bare, file_format, text):
    """A model file that carries `text` as its description."""

    class Verbatim(ModelDescription):
        def to_json(self):
            return text

    path = tmp_path / f"model.{file_format}"
    path.write_bytes(attach(bare(file_format), Verbatim(model="x", labels=("a", "b"), format=file_format)))
    return path


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("fields", [{}, {"normalization": None, "notes": ()}, {"labels": ("one",)}])
def test_a_description_comes_back_as_it_was_attached(tmp_path, bare, file_format, fields):
    description = dataclasses.replace(FULL, format=file_format, **fields)
    path = tmp_path / f"model.{file_format}"
    path.write_bytes(attach(bare(file_format), description))
    assert read_description(path) == description


@pytest.mark.parametrize("file_format", FORMATS)
def test_the_same_input_gives_the_same_bytes(bare, file_format):
    description = dataclasses.replace(FULL, format=file_format)
    assert attach(bare(file_format), description) == attach(bare(file_format), description)


@pytest.mark.parametrize("file_format", FORMATS)
def test_attaching_again_replaces_the_description_and_keeps_the_model(tmp_path, bare, file_format):
    first = dataclasses.replace(FULL, format=file_format)
    second = dataclasses.replace(first, model="another", labels=("x", "y"))
    once = attach(bare(file_format), first)
    assert attach(attach(once, second), first) == once
    path = tmp_path / f"model.{file_format}"
    path.write_bytes(attach(once, second))
    assert read_description(path) == second
    assert path.read_bytes().count(b'"model": "') == 1


@pytest.mark.parametrize("file_format", FORMATS)
def test_engines_answer_as_before(tmp_path, tiny_models, tiny_features, file_format):
    source = tiny_models("dense", file_format)
    path = tmp_path / f"model.{file_format}"
    description = dataclasses.replace(read_description(source), notes=("A long note. " * 1000,))
    path.write_bytes(attach(source.read_bytes(), description))
    np.testing.assert_array_equal(load(path).predict(tiny_features), load(source).predict(tiny_features))


def test_zip_tools_see_the_description_in_a_tflite(tmp_path, bare):
    path = tmp_path / "model.tflite"
    path.write_bytes(attach(bare("tflite"), FULL))
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["genrekit.json", "labels.txt"]
        assert archive.testzip() is None
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}  # never the time of export
        assert archive.read("labels.txt").decode() == "blues\nhip hop\nmétal\n日本\n"
        assert json.loads(archive.read("genrekit.json"))["labels"] == list(FULL.labels)
    try:
        listing = subprocess.run(["unzip", "-l", path], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("unzip is not installed; the standard library's check passed")
    assert (listing.returncode, listing.stderr) == (0, "")
    assert "genrekit.json" in listing.stdout


def test_onnx_itself_sees_the_description_in_an_onnx(tmp_path, bare):
    onnx = pytest.importorskip("onnx")
    description = dataclasses.replace(FULL, format="onnx")
    model = onnx.load_model_from_string(attach(bare("onnx"), description))
    onnx.checker.check_model(model, full_check=True)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert metadata.keys() == {"genrekit", "labels"}
    assert metadata["labels"].split("\n") == list(FULL.labels)
    assert ModelDescription.from_json(metadata["genrekit"], "model.onnx") == description


def test_a_tflite_without_a_description_gains_one_and_keeps_its_own_bytes(tmp_path, bare):
    with zipfile.ZipFile(io.BytesIO(bare("tflite"))) as archive:
        flatbuffer = bare("tflite")[: archive.infolist()[0].header_offset]
    attached = attach(flatbuffer, FULL)
    assert attached.startswith(flatbuffer)
    (tmp_path / "model.tflite").write_bytes(attached)
    assert read_description(tmp_path / "model.tflite") == FULL


def test_a_keras_model_has_its_description_beside_it(tiny_models):
    path = tiny_models("dense", "keras")
    assert read_description(path) == ModelDescription.from_json((path.parent / "description.json").read_text(), path)


@pytest.mark.parametrize("file_format", FORMATS)
def test_fields_of_a_later_minor_version_are_left_aside(tmp_path, bare, file_format):
    text = altered(FULL, format_version="1.9", licence="CC0", stereo={"left": 1})
    path = with_json(tmp_path, bare, file_format, text)
    assert read_description(path) == dataclasses.replace(FULL, format_version="1.9")


def test_records_keep_what_is_known_and_leave_later_fields_aside():
    corpus = {"name": "mine", "tracks": 7, "licence": "CC0"}
    description = ModelDescription.from_json(altered(FULL, corpus=corpus, parity={}), "m.onnx")
    assert description.corpus == TrainingCorpus("mine", tracks=7)
    assert description.to_dict()["parity"] == {}
    assert description.to_dict()["accuracy"] == {"train": 0.9, "validation": None, "test": 0.75, "test_tracks": 1.0}


@pytest.mark.parametrize("file", ["nested", "t-corpus-381", "t-parameters-111", "bigmels", "bigfft", "idx"])
def test_hostile_files_are_refused_in_one_sentence(shared_data, file):
    path = shared_data / "hostile" / f"{file}.tflite"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    with pytest.raises(ModelFileError, match=f"{file}.tflite: expected|{file}.tflite: .*: expected") as refused:  # noqa: PT012
        read_description(path)
        read_graph(path)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("file_format", FORMATS)
def test_fields_with_a_default_may_be_absent(tmp_path, bare, file_format):
    fields = {"model": "cnn", "labels": ["a", "b"], "front_end": {}, "format_version": FORMAT_VERSION}
    path = with_json(tmp_path, bare, file_format, json.dumps(fields))
    assert read_description(path) == ModelDescription(model="cnn", labels=("a", "b"))


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (altered(FULL, format_version="2.0"), "format_version=2.0: .*upgrade genrekit"),
        (altered(FULL, format_version="one"), "format_version='one': expected a version"),
        (altered(FULL, format_version=1.1), "format_version=1.1: expected a text"),
        (altered(FULL, model=None), "model=None: expected a text"),
        (altered(FULL, labels=[]), "labels=.*expected distinct names"),
        (altered(FULL, labels=["a", "a"]), "labels=.*expected distinct names"),
        (altered(FULL, labels=[1, 2]), "labels=.*expected at most 1000 texts of at most 200 characters"),
        (altered(FULL, labels=["a" * 201, "b"]), "labels=.*at most 200 characters"),
        (altered(FULL, labels=[str(number) for number in range(1001)]), "labels=.*at most 1000 texts"),
        (altered(FULL, labels=None), "labels="),
        (altered(FULL, labels="rock"), "labels='rock'"),
        (altered(FULL, front_end={"n_mfcc": 500}), "n_mfcc=500: expected at most n_mels=128"),
        (altered(FULL, front_end={"tempo": 120}), "front_end: .*tempo"),
        (altered(FULL, front_end=None), "front_end=None"),
        (altered(FULL, front_end=[1]), "front_end=.*expected a JSON object"),
        (altered(FULL, front_end={"n_mels": 1e9}), "n_mels=1000000000.0: expected an integer from 1 to 1024"),
        (altered(FULL, front_end={"hop_length": True}), "hop_length=True"),
        (altered(FULL, front_end={"window_s": "3"}), "window_s='3'"),
        (altered(FULL, front_end={"top_db": [80]}), r"top_db=\[80\]"),
        (altered(FULL, front_end={"window_s": float("inf")}), "window_s=inf"),
        (altered(FULL, normalization={"mean": [0.0], "std": [1.0] * 3}), "normalization.mean=.*3 finite numbers"),
        (altered(FULL, normalization={"mean": [0.0] * 3, "std": [1.0, 0.0, 1.0]}), "normalization.std=.*positive"),
        (altered(FULL, normalization={"mean": [0.0] * 3, "std": [1.0, float("nan"), 1.0]}), "normalization.std="),
        (altered(FULL, normalization={"mean": [0.0, 0.0, float("inf")], "std": [1.0] * 3}), "normalization.mean="),
        (altered(FULL, normalization={"mean": [0.0] * 3}), "normalization.std=None"),
        (altered(FULL, normalization=3), "normalization=3: expected a JSON object"),
        (altered(FULL, format="gguf"), "format='gguf': expected one of tflite, onnx, keras"),
        (altered(FULL, precision=8), "precision=8: expected a text"),
        (altered(FULL, parameters="many"), "parameters='many': expected a whole number"),
        (altered(FULL, parameters=True), "parameters=True"),
        (altered(FULL, parameters=-1), "parameters=-1"),
        (altered(FULL, macs=float("nan")), "macs=nan"),
        (altered(FULL, macs=10**400), "macs=.*whole number"),
        (altered(FULL, seed=0.5), "seed=0.5"),
        (altered(FULL, split="x" * 5000), "split=.*expected a text of at most 4096 characters"),
        (altered(FULL, corpus="music"), "corpus='music': expected a JSON object"),
        (altered(FULL, corpus={"tracks": []}), r"corpus.tracks=\[\]"),
        (altered(FULL, corpus={"demo": "yes"}), "corpus.demo='yes': expected true or false"),
        (altered(FULL, accuracy={"test": 1.5}), "accuracy.test=1.5: expected a number from 0 to 1"),
        (altered(FULL, accuracy={"test": float("nan")}), "accuracy.test=nan"),
        (altered(FULL, quantization={"weights": {}}), "quantization.weights={}"),
        (altered(FULL, calibration={"count": -5}), "calibration.count=-5"),
        (altered(FULL, parity={"max_abs_error": float("inf")}), "parity.max_abs_error=inf: expected a number"),
        (altered(FULL, parity={"reasons": "none"}), "parity.reasons='none'"),
        (altered(FULL, notes=3), "notes=3"),
        (altered(FULL, notes=["x"] * 101), "notes=.*at most 100 texts"),
        ('{"model": "cnn"}', "format_version=None"),
        ('["cnn"]', "expected a JSON object"),
        ("no JSON", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_a_description_that_cannot_be_used_is_refused_by_name(tmp_path, bare, file_format, text, message):
    path = with_json(tmp_path, bare, file_format, text)
    with pytest.raises(ModelFileError, match=f"model.{file_format}: (.|\n)*({message})"):
        read_description(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("text.tflite", b"This is no model.\n" * 20, "expected a TFLite model, received something else"),
        ("empty.tflite", b"", "expected a TFLite model, received something else"),
        ("text.onnx", b"This is no model.\n" * 20, "expected an ONNX model, received something else"),
        ("empty.onnx", b"", "expected a model with genrekit's description, found none"),
        (
            "bytes.onnx",
            protobuf_field(14, protobuf_field(1, b"\xff\xfe") + protobuf_field(2, b"")),
            "expected an ONNX model",
        ),
        ("number.onnx", protobuf_field(14, b"\x08\x05" + protobuf_field(2, b"")), "expected an ONNX model"),
        ("bare.tflite", b"\x1c\0\0\0TFL3" + bytes(500), "expected a model with genrekit's description, found none"),
        ("model.keras", b"PK", "expected a model with genrekit's description, found none"),
        ("model.h5", b"\x89HDF", "expected a model that ends in .tflite, .onnx, .keras"),
        ("model", b"TFL3", "expected a model that ends in"),
    ],
)
def test_what_is_no_model_of_ours_is_refused_by_name(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelFileError, match=f"{name}: {message}"):
        read_description(tmp_path / name)


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_file_cut_short_is_refused(tmp_path, bare, file_format):
    data = attach(bare(file_format), dataclasses.replace(FULL, format=file_format))
    path = tmp_path / f"cut.{file_format}"
    for size in range(8, len(data), len(data) // 40):
        path.write_bytes(data[:size])
        with pytest.raises(ModelFileError, match=f"cut.{file_format}: expected"):
            read_description(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "absent.onnx", tmp_path):
        with pytest.raises(
            MissingFileError,
            match=rf"{path.name}: expected a model file, found (none|a folder without model.h); check the path",
        ):
            read_description(path)


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("read", [read_description, read_graph])
def test_damaged_bytes_never_raise_anything_but_our_errors(tmp_path_factory, tiny_models, file_format, read):
    data = tiny_models("lstm", file_format).read_bytes()
    path = tmp_path_factory.mktemp("damaged") / f"damaged.{file_format}"
    places = st.integers(-len(data), -1) | st.integers(-1200, -1) | st.integers(0, 400)  # the description lies behind

    @settings(max_examples=150)
    @given(damage=st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=4))
    def check(damage):
        damaged = bytearray(data)
        for place, value in damage:
            damaged[place] = value
        path.write_bytes(damaged)
        with contextlib.suppress(GenrekitError):
            read(path)

    check()


@pytest.mark.parametrize(("name", "expected"), [("a.b.tflite", "tflite"), ("a.onnx", "onnx"), ("a.keras", "keras")])
def test_the_format_goes_by_the_suffix(tmp_path, name, expected):
    (tmp_path / name).touch()
    assert model_format(tmp_path / name) == model_format(str(Path(tmp_path, name))) == expected


def test_normalization_is_per_coefficient():
    normalization = Normalization((1.0, -2.0), (2.0, 4.0))
    features = np.float32([[[1.0, 2.0], [3.0, -2.0]]])
    received = normalization.apply(features)
    assert received.dtype == np.float32
    np.testing.assert_array_equal(received, [[[0.0, 1.0], [1.0, 0.0]]])
