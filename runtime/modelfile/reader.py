"""What a model file says of itself and consists of, read without any engine.

A .tflite carries its description as TFLite's associated files, a zip behind the flatbuffer (``unzip -l`` shows them);
an .onnx in its ``metadata_props``; a .keras in a file beside it. All are read with the standard library alone.
"""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

from ..errors import MissingFileError, ModelFileError
from ..util.regular import not_a_file
from . import onnx_graph, protobuf, tflite_graph
from .description import DESCRIPTION_NAME, KERAS_DESCRIPTION, ONNX_KEY, SUFFIXES, ModelDescription
from .graph import Graph

ONNX_METADATA_FIELD = 14  # ModelProto.metadata_props


def model_format(path: str | Path) -> str:
    """tflite, onnx or keras, by the suffix of `path`; raises MissingFileError or ModelFileError."""
    path = Path(path)
    if found := not_a_file(path):
        raise MissingFileError(f"{path}: expected a model file, found {found}; check the path")
    if path.suffix not in SUFFIXES:
        raise ModelFileError(f"{path}: expected a model that ends in {', '.join(SUFFIXES)}; export one with genrekit")
    return SUFFIXES[path.suffix]


def read_description(path: str | Path) -> ModelDescription:
    """The description that the model file `path` carries (a .keras: description.json beside it).

    Raises:
        MissingFileError: there is no such file.
        ModelFileError: it is no model, or carries no description that this version reads.
    """
    readers = {"tflite": _read_tflite, "onnx": _read_onnx, "keras": _read_keras}
    path = Path(path)
    text = readers[model_format(path)](path)
    if text is None:
        raise ModelFileError(
            f"{path}: expected a model with genrekit's description, found none; export it with `genrekit export`"
        )
    return ModelDescription.from_json(text, path.with_name(KERAS_DESCRIPTION) if path.suffix == ".keras" else path)


def _read_tflite(path: Path) -> bytes | None:
    with path.open("rb") as file:
        if file.read(8)[4:] != b"TFL3":
            raise ModelFileError(f"{path}: expected a TFLite model, received something else; export it again")
        try:
            with zipfile.ZipFile(file) as archive:
                return archive.read(DESCRIPTION_NAME)
        except (zipfile.BadZipFile, KeyError):
            return None
        except Exception as error:  # of a damaged archive zipfile raises whatever its parts raise
            raise ModelFileError(
                f"{path}: expected genrekit's description, received a damaged one ({error!r}); export the model again"
            ) from error


def _read_onnx(path: Path) -> bytes | None:
    """Of the metadata_props, without decoding the graph."""
    try:
        return dict(map(_key_and_value, protobuf.messages(path.read_bytes(), ONNX_METADATA_FIELD))).get(ONNX_KEY)
    except ValueError as error:  # MalformedError, no UTF-8
        raise ModelFileError(
            f"{path}: expected an ONNX model, received something else ({error}); export it again"
        ) from error


def _key_and_value(entry: memoryview) -> tuple[str, bytes]:
    """Of a StringStringEntryProto."""
    parts = {1: memoryview(b""), 2: memoryview(b"")} | dict(protobuf.fields(entry))
    key, value = parts[1], parts[2]
    if isinstance(key, int) or isinstance(value, int):
        raise protobuf.MalformedError("a number where text belongs")
    return str(key, "utf-8"), bytes(value)


def _read_keras(path: Path) -> bytes | None:
    beside = path.with_name(KERAS_DESCRIPTION)
    return beside.read_bytes() if beside.is_file() else None


def read_graph(path: str | Path) -> Graph:
    """The graph of a .tflite or .onnx file, with one tensor in and one out.

    Raises:
        MissingFileError: there is no such file.
        ModelFileError: it is no TFLite or ONNX model, or a damaged one.
    """
    path = Path(path)
    file_format = model_format(path)
    if file_format == "keras":
        raise ModelFileError(f"{path}: expected a .tflite or .onnx file; export the Keras model first")

    parse = tflite_graph.parse if file_format == "tflite" else onnx_graph.parse
    try:
        graph = parse(path.read_bytes())
        if not (len(graph.inputs) == len(graph.outputs) == 1 and graph.inputs[0].shape and graph.outputs[0].shape):
            raise protobuf.MalformedError("not one tensor in and one out")
        return graph
    except (protobuf.MalformedError, struct.error, IndexError, UnicodeDecodeError, TypeError) as error:
        raise ModelFileError(
            f"{path}: expected a {file_format} model, received a damaged or other file ({error}); export it again"
        ) from error
