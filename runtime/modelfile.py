"""The self-description inside a .tflite or .onnx: everything needed to use the file, carried by the file.

A .tflite carries it as TFLite's associated files, a zip behind the flatbuffer (``unzip -l`` shows them); an .onnx
in its ``metadata_props``. Both are read and written with the standard library alone.
"""

from __future__ import annotations

import dataclasses
import io
import json
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from . import protobuf
from .errors import MissingFileError, ModelFileError
from .features import MfccConfig

FORMAT_VERSION = "1.1"
DESCRIPTION_NAME = "genrekit.json"
LABELS_NAME = "labels.txt"
ONNX_KEY = "genrekit"
ONNX_METADATA_FIELD = 14  # ModelProto.metadata_props
KERAS_DESCRIPTION = "description.json"  # beside a model.keras
SUFFIXES = {".tflite": "tflite", ".onnx": "onnx", ".keras": "keras"}


@dataclasses.dataclass(frozen=True)
class Normalization:
    """What is done to each MFCC coefficient before the model: ``(x - mean) / std``; both of length n_mfcc."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def apply(self, features: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """float32 [..., n_mfcc] -> float32 of the same shape; into `out` where it is given, which may be `features`."""
        centred = np.subtract(features, np.array(self.mean, np.float32), out=out)
        return np.divide(centred, np.array(self.std, np.float32), out=centred)


@dataclasses.dataclass(frozen=True)
class ModelDescription:
    """What a model file says of itself.

    Attributes:
        model: name of the architecture.
        labels: class names, in the order of the model's outputs.
        front_end: how samples become features.
        normalization: what is done to the features before the model, or None.
        format: keras, tflite or onnx.
        precision: float32, float16, dynamic or int8.
        target: the engine family the file was made for; None of a Keras model.
        parameters: number of weights, moving statistics included.
        macs: multiply-accumulates for one window; None where a layer cannot be counted.
        quantization: {"weights", "activations", "method"} of a quantised model, else empty.
        recipe, split, seed: how it was trained.
        corpus: {"name", "fingerprint", "tracks", "demo", "parts"} of the training corpus; "parts" is the fingerprint of
            how it was divided.
        accuracy: {"train", "validation", "test", "test_tracks"} of the Keras model, shares in [0, 1].
        calibration: {"count", "seed", "fingerprint"} of the segments that set the quantised ranges.
        parity: {"windows", "max_abs_error", "top1_agreement", "reasons"} of the comparison with Keras that the file
            passed; "reasons" tell, one sentence each, what it could not show.
        notes: what a user should know of this file, one sentence each.
        toolkit_version: the genrekit that wrote it.
        format_version: of this description; a later major version is refused.
    """

    model: str
    labels: tuple[str, ...]
    front_end: MfccConfig = dataclasses.field(default_factory=MfccConfig)
    normalization: Normalization | None = None
    format: str = "keras"
    precision: str = "float32"
    target: str | None = None
    parameters: int | None = None
    macs: int | None = None
    recipe: str | None = None
    split: str | None = None
    seed: int | None = None
    corpus: dict[str, Any] = dataclasses.field(default_factory=dict)
    accuracy: dict[str, float | None] = dataclasses.field(default_factory=dict)
    quantization: dict[str, Any] = dataclasses.field(default_factory=dict)
    calibration: dict[str, Any] = dataclasses.field(default_factory=dict)
    parity: dict[str, Any] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    toolkit_version: str | None = None
    format_version: str = FORMAT_VERSION

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON keeps them."""
        return dataclasses.asdict(self)

    def to_json(self) -> str:
        """Indented JSON with a final newline."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, source: str | Path) -> ModelDescription:
        """The inverse of `to_json`; unknown fields of a later minor version are left aside.

        Raises:
            ModelFileError: not JSON, a later major version, or a field that is missing or cannot be used.
        """
        try:
            fields = json.loads(text)
            _check_version(str(fields["format_version"]), source)
            return cls(**_typed(fields, {field.name for field in dataclasses.fields(cls)}))
        except ModelFileError as error:
            raise ModelFileError(f"{source}: {error}") from error
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ModelFileError(
                f"{source}: expected a genrekit description, received one that cannot be read ({error!r}); export "
                "the model again"
            ) from error


def _check_version(version: str, source: str | Path) -> None:
    if int(version.split(".")[0]) > int(FORMAT_VERSION.split(".")[0]):
        raise ModelFileError(f"format_version={version}: expected {FORMAT_VERSION} or an earlier one; upgrade genrekit")


def _typed(fields: dict[str, Any], known: set[str]) -> dict[str, Any]:
    """JSON's lists and dicts as the description's types."""
    fields = {name: value for name, value in fields.items() if name in known}
    fields["labels"] = _labels(fields["labels"])
    fields["notes"] = tuple(fields.get("notes", ()))
    fields["front_end"] = MfccConfig.from_dict(fields["front_end"])
    if fields.get("normalization") is not None:
        fields["normalization"] = _normalization(fields["normalization"], fields["front_end"].n_mfcc)
    return fields


def _labels(labels: list[str]) -> tuple[str, ...]:
    named = isinstance(labels, list) and all(isinstance(label, str) for label in labels)
    if not named or not labels or len(set(labels)) < len(labels):
        raise ModelFileError(f"labels={labels!r}: expected distinct names; export the model again")
    return tuple(labels)


def _normalization(fields: dict[str, list[float]], n_mfcc: int) -> Normalization:
    normalization = Normalization(tuple(map(float, fields["mean"])), tuple(map(float, fields["std"])))
    usable = all(map(math.isfinite, normalization.mean)) and all(0 < std < math.inf for std in normalization.std)
    if not len(normalization.mean) == len(normalization.std) == n_mfcc or not usable:
        raise ModelFileError(f"normalization={fields!r}: expected n_mfcc={n_mfcc} means and positive deviations")
    return normalization


def model_format(path: str | Path) -> str:
    """tflite, onnx or keras, by the suffix of `path`; raises MissingFileError or ModelFileError."""
    path = Path(path)
    if not path.is_file():
        raise MissingFileError(f"{path}: expected a model file, found none; check the path")
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
    return _onnx_metadata(path.read_bytes(), path).get(ONNX_KEY)


def _read_keras(path: Path) -> bytes | None:
    beside = path.with_name(KERAS_DESCRIPTION)
    return beside.read_bytes() if beside.is_file() else None


def _onnx_metadata(data: bytes, path: str | Path) -> dict[str, bytes]:
    """The metadata_props of an ONNX model, without decoding its graph."""
    try:
        entries = [dict(protobuf.fields(data, *span)) for span in protobuf.spans(data, ONNX_METADATA_FIELD)]
        return {str(entry[1], "utf-8"): bytes(memoryview(entry[2])) for entry in entries if 1 in entry and 2 in entry}
    except (ValueError, TypeError) as error:  # MalformedError, no UTF-8, a number where text belongs
        raise ModelFileError(
            f"{path}: expected an ONNX model, received something else ({error}); export it again"
        ) from error


def attach(data: bytes, description: ModelDescription) -> bytes:
    """The model `data` with `description` inside, as its ``format`` (tflite or onnx) carries it.

    The same input gives the same bytes. A description that `data` already carries is replaced.
    """
    writers = {"tflite": _attach_tflite, "onnx": _attach_onnx}
    return writers[description.format](data, description)


def _attach_tflite(data: bytes, description: ModelDescription) -> bytes:
    buffer = io.BytesIO(without_description(data))
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_STORED) as archive:
        for name, text in _associated_files(description).items():
            # A fixed date, so that the same export gives the same bytes.
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)
    return buffer.getvalue()


def without_description(data: bytes) -> bytes:
    """The bare flatbuffer in the bytes of a .tflite: without associated files, if there are any."""
    buffer = io.BytesIO(data)
    if not zipfile.is_zipfile(buffer):
        return data
    with zipfile.ZipFile(buffer) as archive:
        return data[: min(entry.header_offset for entry in archive.infolist())]


def _associated_files(description: ModelDescription) -> dict[str, str]:
    return {DESCRIPTION_NAME: description.to_json(), LABELS_NAME: "".join(f"{label}\n" for label in description.labels)}


def _attach_onnx(data: bytes, description: ModelDescription) -> bytes:
    entries = {ONNX_KEY: description.to_json(), "labels": "\n".join(description.labels)}
    kept = protobuf.without(data, ONNX_METADATA_FIELD)
    return kept + b"".join(
        protobuf.encode(ONNX_METADATA_FIELD, protobuf.encode(1, key.encode()) + protobuf.encode(2, value.encode()))
        for key, value in entries.items()
    )
