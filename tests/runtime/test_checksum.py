"""The checksum in a description: what it is made of, what it notices, and files without one."""

import dataclasses
import hashlib
import io
import json
import re
import zipfile

import numpy as np
import pytest

from genrekit.converters.attach import attach
from genrekit.runtime import ModelDescription, load, read_description
from genrekit.runtime.errors import ModelFileError
from genrekit.runtime.modelfile.description import KERAS_DESCRIPTION

FORMATS = ["tflite", "onnx"]


def parts(data, file_format):
    """(model, description) by the standard library and onnx alone."""
    if file_format == "tflite":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return data[: archive.infolist()[0].header_offset], archive.read("genrekit.json")
    onnx = pytest.importorskip("onnx")
    model = onnx.load_model_from_string(data)
    (entry,) = [entry for entry in model.metadata_props if entry.key == "genrekit"]
    model.metadata_props.remove(entry)
    return model.SerializeToString(), entry.value.encode()


@pytest.mark.parametrize("file_format", FORMATS)
def test_the_checksum_is_what_is_written_of_it(tiny_models, file_format):
    path = tiny_models("lstm", file_format)
    model, text = parts(path.read_bytes(), file_format)
    blank = re.sub(rb'"checksum": "[0-9a-f]{64}"', b'"checksum": "' + b"0" * 64 + b'"', text)
    assert json.loads(text)["checksum"] == hashlib.sha256(model + blank).hexdigest()
    assert read_description(path).checksum == json.loads(text)["checksum"]


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_changed_byte_of_the_model_or_its_description_is_noticed(tiny_models, tmp_path, file_format):
    data = tiny_models("dense", file_format).read_bytes()
    path = tmp_path / f"flipped.{file_format}"
    model, text = parts(data, file_format)
    start = data.index(text)
    model_bytes = (
        range(len(model)) if file_format == "tflite" else [*range(start), *range(start + len(text), len(data))]
    )
    generator = np.random.default_rng(0)
    chosen = {
        *generator.choice(model_bytes, 60, replace=False).tolist(),
        *generator.integers(start, start + len(text), 60).tolist(),
    }
    for position in chosen:
        flipped = bytearray(data)
        flipped[position] ^= 1 << generator.integers(8)
        path.write_bytes(flipped)
        with pytest.raises(ModelFileError, match=f"flipped.{file_format}: .*(copy it again|export)"):
            load(path)


def test_weights_that_changed_are_refused_in_a_sentence(tiny_models, tiny_weights, tmp_path):
    data = tiny_models("dense", "tflite").read_bytes()
    kernel = np.ascontiguousarray(tiny_weights.dense[0].T).tobytes()
    assert kernel in data
    path = tmp_path / "changed.tflite"
    path.write_bytes(data.replace(kernel, bytes([kernel[0] ^ 1]) + kernel[1:]))
    with pytest.raises(ModelFileError) as refused:
        read_description(path)
    assert str(refused.value) == (
        f"{path}: expected a file whose bytes have the checksum that its description carries, received others; it is "
        "damaged: copy it again, or export it again"
    )


@pytest.mark.parametrize("file_format", FORMATS)
def test_what_only_the_checksum_notices_is_noticed_by_a_checksum_of_others(tiny_models, tmp_path, file_format):
    """A file with another's checksum, both sound."""
    path = tmp_path / f"other.{file_format}"
    one, other = (read_description(tiny_models(name, file_format)).checksum for name in ("dense", "lstm"))
    data = tiny_models("dense", file_format).read_bytes()
    if file_format == "tflite":  # its zip has a checksum of its own
        model, text = parts(data, file_format)
        path.write_bytes(model)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("genrekit.json", text.replace(one.encode(), other.encode()))
    else:
        path.write_bytes(data.replace(one.encode(), other.encode()))
    with pytest.raises(ModelFileError, match="whose bytes have the checksum"):
        load(path)


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_file_without_a_checksum_loads(tiny_models, tiny_features, tmp_path, monkeypatch, file_format):
    """Files of earlier versions; the command line says so."""
    source, path = tiny_models("dense", file_format), tmp_path / f"old.{file_format}"
    monkeypatch.setattr(ModelDescription, "sealed_json", lambda description, model: description.to_json())
    path.write_bytes(attach(source.read_bytes(), read_description(source)))
    assert read_description(path).checksum is None
    np.testing.assert_array_equal(load(path).predict(tiny_features), load(source).predict(tiny_features))


@pytest.mark.parametrize("checksum", ["abc", "A" * 64, 7, "0" * 65])
def test_a_checksum_that_is_none_is_refused(tiny_models, tmp_path, checksum):
    description = read_description(tiny_models("dense", "onnx"))
    text = json.dumps({**description.to_dict(), "checksum": checksum})
    with pytest.raises(ModelFileError, match=r"checksum=.*expected 64 hexadecimal digits"):
        type(description).from_json(text, "m.onnx")


def test_two_descriptions_in_one_onnx_are_refused(tiny_models, tmp_path):
    onnx = pytest.importorskip("onnx")
    data = tiny_models("dense", "onnx").read_bytes()
    text = parts(tiny_models("lstm", "onnx").read_bytes(), "onnx")[1].decode()
    entry = onnx.StringStringEntryProto(key="genrekit", value=text)
    path = tmp_path / "two.onnx"
    path.write_bytes(data + onnx.ModelProto(metadata_props=[entry]).SerializeToString())
    with pytest.raises(ModelFileError, match="two descriptions"):
        load(path)


def test_a_keras_file_whose_description_has_a_checksum_is_compared_with_it(tiny_models, tmp_path):
    source = tiny_models("dense", "keras")
    data = source.read_bytes()
    path = tmp_path / source.name
    path.write_bytes(data)
    (tmp_path / KERAS_DESCRIPTION).write_text(read_description(source).sealed_json([data]))
    assert read_description(path) == read_description(source)
    path.write_bytes(data[:1000] + bytes([data[1000] ^ 1]) + data[1001:])
    with pytest.raises(ModelFileError, match="whose bytes have the checksum"):
        read_description(path)


def test_a_checksum_stays_with_its_file(tiny_models):
    description = read_description(tiny_models("dense", "onnx"))
    assert description.checksum
    assert "checksum" not in description.to_json()


def test_a_checksum_is_no_part_of_what_a_model_is(tiny_models):
    description = read_description(tiny_models("dense", "onnx"))
    assert dataclasses.replace(description, checksum=None) == description
