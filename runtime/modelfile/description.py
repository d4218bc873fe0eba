"""The self-description inside a model file: everything needed to use the file, carried by the file."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ModelFileError
from ..mfcc import MfccConfig

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
