"""What a model file says of itself and consists of, read without any engine, and refused where it is not sound.

A .tflite carries its description as TFLite's associated files, a zip behind the flatbuffer (``unzip -l`` shows them);
an .onnx in its ``metadata_props``; a .keras in a file beside it; a folder of C in a comment of its model.h. All are
read with the standard library alone.
"""

from __future__ import annotations

import dataclasses
import io
import zipfile
from pathlib import Path

from ..errors import MissingFileError, ModelFileError
from ..util.regular import not_a_file
from . import archive, c_sources, onnx_graph, protobuf, tflite_graph
from .checksum import carried_checksum, checksum
from .description import DESCRIPTION_NAME, KERAS_DESCRIPTION, ONNX_KEY, SUFFIXES, C, ModelDescription
from .graph import Graph
from .malformed import MalformedError

ONNX_METADATA_FIELD = 14  # ModelProto.metadata_props
MAX_BYTES = 128 * 2**20  # engines take up to four times as much
MAX_FIELDS = 10_000  # of an ONNX file's outermost message
MAX_DESCRIPTION = 4 * 2**20  # bytes
NAMES = {"tflite": "a TFLite model", "onnx": "an ONNX model"}
BESIDE = ("keras", C)  # formats whose description stands in a file of its own


@dataclasses.dataclass(frozen=True)
class _Parts:
    """The bytes of a file: its `model`, in parts, and its `description`, None where there is none."""

    model: list[memoryview]
    description: bytes | None


def model_format(path: str | Path) -> str:
    """tflite, onnx or keras, by the suffix of `path`; c of a folder of C; raises MissingFileError or ModelFileError."""
    path = Path(path)
    if path.is_dir() and not not_a_file(path / c_sources.HEADER):
        return C
    if found := not_a_file(path):
        found += f" without {c_sources.HEADER}" if path.is_dir() else ""
        raise MissingFileError(f"{path}: expected a model file, found {found}; check the path")
    if path.suffix not in SUFFIXES:
        raise ModelFileError(f"{path}: expected a model that ends in {', '.join(SUFFIXES)}; export one with genrekit")
    return SUFFIXES[path.suffix]


def format_by_name(path: Path) -> str | None:
    """The format that a file's suffix stands for, c of any folder; None of another name. Nothing is looked into."""
    return C if path.is_dir() else SUFFIXES.get(path.suffix)


def read_description(path: str | Path) -> ModelDescription:
    """The description that the model file `path` carries (a .keras: description.json beside it), or a folder of C.

    Raises:
        MissingFileError: there is no such file.
        ModelFileError: it is no model, carries no description that this version reads, or its bytes are not those
            that the checksum in its description was made of.
    """
    path = Path(path)
    file_format = model_format(path)
    parts = _parts(path, file_format)
    if parts.description is None:
        raise ModelFileError(
            f"{path}: expected a model with genrekit's description, found none; export it with `genrekit export`"
        )
    # First, since of a damaged description it says more than the field that happens to be hit.
    carried = carried_checksum(parts.description)
    if carried and checksum(parts.model, parts.description, carried) != carried:
        raise ModelFileError(
            f"{_model_path(path, file_format)}: expected a file whose bytes have the checksum that its description "
            "carries, received others; it is damaged: copy it again, or export it again"
        )
    return ModelDescription.from_json(parts.description, _description_path(path, file_format))


def read_graph(path: str | Path) -> Graph:
    """The graph of a .tflite or .onnx file, with one tensor in and one out, after a look at its whole structure.

    Raises:
        MissingFileError: there is no such file.
        ModelFileError: it is no TFLite or ONNX model, a damaged one, or one that no engine is to see.
    """
    path = Path(path)
    file_format = model_format(path)
    if file_format not in NAMES:
        raise ModelFileError(f"{path}: expected a .tflite or .onnx file; export one of its run with genrekit")
    model, parse = _parts(path, file_format).model, tflite_graph.parse if file_format == "tflite" else onnx_graph.parse
    try:
        return parse(model[0] if len(model) == 1 else b"".join(model))
    except MalformedError as error:
        raise ModelFileError(
            f"{path}: expected {NAMES[file_format]}, received a damaged file or one that is not to be run ({error}); "
            "copy it again, or export it again"
        ) from error


def check_archive(path: Path) -> None:
    """Raise ModelFileError where the .keras `path` is no archive, or one that is not to be unpacked."""
    try:
        archive.require_sound(path)
    except archive.UnsafeArchiveError as error:
        raise ModelFileError(
            f"{path}: expected a .keras archive, found {error}; train the model again with --restart, or copy the file "
            "again"
        ) from error


def _model_path(path: Path, file_format: str) -> Path:
    return path / c_sources.SOURCE if file_format == C else path


def _description_path(path: Path, file_format: str) -> Path:
    if file_format == C:
        return path / c_sources.HEADER
    return path.with_name(KERAS_DESCRIPTION) if file_format == "keras" else path


def _parts(path: Path, file_format: str) -> _Parts:
    model, described = _model_path(path, file_format), _description_path(path, file_format)
    if found := not_a_file(model):
        raise MissingFileError(f"{model}: expected the source of a model, found {found}; export the folder again")
    data = _content(model, MAX_BYTES)
    if file_format in BESIDE:
        text = _content(described, MAX_DESCRIPTION) if described.is_file() else None
        if text is not None and file_format == C:
            text = c_sources.description(text)
        return _Parts([memoryview(data)], text)
    try:
        return _tflite_parts(data) if file_format == "tflite" else _onnx_parts(data)
    except (MalformedError, archive.UnsafeArchiveError) as error:
        raise ModelFileError(
            f"{path}: expected {NAMES[file_format]}, received something else ({error}); copy it again, or export it "
            "again"
        ) from error


def _content(path: Path, most: int) -> bytes:
    if (size := path.stat().st_size) > most:
        raise ModelFileError(f"{path}: expected at most {most} bytes, received {size}; it is no file of genrekit")
    return path.read_bytes()


def _tflite_parts(data: bytes) -> _Parts:
    if data[4:8] != b"TFL3":
        raise MalformedError("no TFL3 mark")
    view = memoryview(data)
    try:
        with archive.opened(io.BytesIO(data)) as files:
            start = min(entry.header_offset for entry in files.infolist())
            if files.getinfo(DESCRIPTION_NAME).file_size > MAX_DESCRIPTION:
                raise archive.UnsafeArchiveError(f"a description of more than {MAX_DESCRIPTION} bytes")
            return _Parts([view[:start]], files.read(DESCRIPTION_NAME))
    except archive.UnsafeArchiveError:
        raise
    except (zipfile.BadZipFile, KeyError, ValueError):
        return _Parts([view], None)
    except Exception as error:  # of a damaged archive zipfile raises whatever its parts raise
        raise MalformedError(f"its description is damaged: {error!r}") from error


def _onnx_parts(data: bytes) -> _Parts:
    model: list[memoryview] = []
    found: list[memoryview] = []
    for number, value, span in protobuf.spans(data):
        if len(model) > MAX_FIELDS:
            raise MalformedError("more parts than a model of sound has")
        entry = _key_and_value(value) if number == ONNX_METADATA_FIELD else None
        if entry and entry[0] == ONNX_KEY:
            found.append(entry[1])
        else:
            model.append(span)
    if len(found) > 1:
        raise MalformedError("two descriptions")
    if found and len(found[0]) > MAX_DESCRIPTION:
        raise MalformedError(f"a description of more than {MAX_DESCRIPTION} bytes")
    return _Parts(model, bytes(found[0]) if found else None)


def _key_and_value(entry: int | memoryview) -> tuple[str, memoryview]:
    """Of a StringStringEntryProto."""
    if isinstance(entry, int):
        raise MalformedError("a number where an entry of metadata_props belongs")
    parts = {1: memoryview(b""), 2: memoryview(b"")} | dict(protobuf.fields(entry))
    key, value = parts[1], parts[2]
    if isinstance(key, int) or isinstance(value, int):
        raise MalformedError("a number where text belongs")
    try:
        return str(key, "utf-8"), value
    except UnicodeDecodeError as error:
        raise MalformedError("a name that is no text") from error
