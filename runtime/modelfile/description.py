"""The self-description inside a model file: everything needed to use the file, carried by the file."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ModelFileError
from ..mfcc import MfccConfig
from .fields import Fields, unusable

FORMAT_VERSION = "1.1"
DESCRIPTION_NAME = "genrekit.json"
LABELS_NAME = "labels.txt"
ONNX_KEY = "genrekit"
ONNX_METADATA_FIELD = 14  # ModelProto.metadata_props
KERAS_DESCRIPTION = "description.json"  # beside a model.keras
SUFFIXES = {".tflite": "tflite", ".onnx": "onnx", ".keras": "keras"}

MAX_LABELS, MAX_LABEL_LENGTH = 1000, 200
RECORDS = ("corpus", "accuracy", "quantization", "calibration", "parity")


@dataclasses.dataclass(frozen=True)
class Normalization:
    """What is done to each MFCC coefficient before the model: ``(x - mean) / std``; both of length n_mfcc."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def apply(self, features: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """float32 [..., n_mfcc] -> float32 of the same shape; into `out` where it is given, which may be `features`."""
        normalised: np.ndarray = np.subtract(features, np.array(self.mean, np.float32), out=out)
        normalised /= np.array(self.std, np.float32)
        return normalised


@dataclasses.dataclass(frozen=True)
class TrainingCorpus:
    """What a model was trained on; all None where that is not known.

    Attributes:
        name: of the corpus' folder.
        fingerprint: SHA-256 of its files, in hexadecimal.
        tracks: how many.
        demo: whether it is the demo corpus, which is synthetic.
        parts: fingerprint of how it was divided.
    """

    name: str | None = None
    fingerprint: str | None = None
    tracks: int | None = None
    demo: bool = False
    parts: str | None = None


@dataclasses.dataclass(frozen=True)
class Accuracy:
    """Fractions of windows that the Keras model labels rightly, by subset; `test_tracks` of whole tracks. In [0, 1]."""

    train: float | None = None
    validation: float | None = None
    test: float | None = None
    test_tracks: float | None = None


@dataclasses.dataclass(frozen=True)
class QuantizationScheme:
    """How weights and activations are held, and how their ranges were found; all None of a model in float32."""

    weights: str | None = None
    activations: str | None = None
    method: str | None = None


@dataclasses.dataclass(frozen=True)
class CalibrationRecord:
    """The windows that set the quantised ranges.

    Attributes:
        count: how many.
        seed: of their choice.
        fingerprint: SHA-256 of their features, in hexadecimal.
    """

    count: int | None = None
    seed: int | None = None
    fingerprint: str | None = None


@dataclasses.dataclass(frozen=True)
class ParityRecord:
    """The comparison with Keras that a file passed.

    Attributes:
        windows: how many were compared.
        max_abs_error: of all probabilities, in [0, 1].
        top1_agreement: fraction of windows with the same most probable label.
        reasons: what the comparison could not show, one sentence each.
    """

    windows: int | None = None
    max_abs_error: float | None = None
    top1_agreement: float | None = None
    reasons: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class ModelDescription:
    """What a model file says of itself.

    Attributes:
        model: name of the architecture.
        labels: class names, in the order of the model's outputs; at most `MAX_LABELS`.
        front_end: how samples become features.
        normalization: what is done to the features before the model, or None.
        format: keras, tflite or onnx.
        precision: float32, float16, dynamic or int8.
        target: the engine family the file was made for; None of a Keras model.
        parameters: number of weights, moving statistics included.
        macs: multiply-accumulates for one window; None where a layer cannot be counted.
        recipe, split, seed: how it was trained.
        corpus, accuracy: what it was trained on, and how well the Keras model does.
        quantization, calibration: of a quantised model.
        parity: the comparison with Keras that the file passed.
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
    corpus: TrainingCorpus = TrainingCorpus()
    accuracy: Accuracy = Accuracy()
    quantization: QuantizationScheme = QuantizationScheme()
    calibration: CalibrationRecord = CalibrationRecord()
    parity: ParityRecord = ParityRecord()
    notes: tuple[str, ...] = ()
    toolkit_version: str | None = None
    format_version: str = FORMAT_VERSION

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON keeps them; a record of which nothing is known is empty."""
        defaults = {field.name: field.default for field in dataclasses.fields(self)}
        empty: dict[str, Any] = {name: {} for name in RECORDS if getattr(self, name) == defaults[name]}
        return dataclasses.asdict(self) | empty

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
            return cls._read(Fields(json.loads(text)))
        except ModelFileError as error:
            raise ModelFileError(f"{source}: {error}") from error
        except (ValueError, RecursionError) as error:
            raise ModelFileError(
                f"{source}: expected a genrekit description, received one that cannot be read ({error!r}); export "
                "the model again"
            ) from error

    @classmethod
    def _read(cls, fields: Fields) -> ModelDescription:
        format_version = _version(fields.required_text("format_version"))
        front_end = MfccConfig.from_dict(Fields(fields.values.get("front_end"), "front_end").values)
        return cls(
            model=fields.required_text("model"),
            labels=_labels(fields),
            front_end=front_end,
            normalization=_normalization(fields.values.get("normalization"), front_end.n_mfcc),
            format=_format(fields) or cls.format,
            precision=fields.text("precision") or cls.precision,
            target=fields.text("target"),
            parameters=fields.count("parameters"),
            macs=fields.count("macs"),
            recipe=fields.text("recipe"),
            split=fields.text("split"),
            seed=fields.count("seed"),
            corpus=fields.record("corpus", TrainingCorpus),
            accuracy=fields.record("accuracy", Accuracy),
            quantization=fields.record("quantization", QuantizationScheme),
            calibration=fields.record("calibration", CalibrationRecord),
            parity=fields.record("parity", ParityRecord),
            notes=fields.texts("notes"),
            toolkit_version=fields.text("toolkit_version"),
            format_version=format_version,
        )


def _version(version: str) -> str:
    if not re.fullmatch(r"\d{1,4}(\.\d{1,4})*", version, re.ASCII):
        raise unusable("format_version", version, f"a version such as {FORMAT_VERSION}")
    if int(version.split(".")[0]) > int(FORMAT_VERSION.split(".")[0]):
        raise ModelFileError(f"format_version={version}: expected {FORMAT_VERSION} or an earlier one; upgrade genrekit")
    return version


def _format(fields: Fields) -> str | None:
    known = fields.text("format")
    if known not in (None, *SUFFIXES.values()):
        raise unusable("format", known, f"one of {', '.join(SUFFIXES.values())}")
    return known


def _normalization(values: Any, n_mfcc: int) -> Normalization | None:
    if values is None:
        return None
    fields = Fields(values, "normalization")
    normalization = Normalization(fields.numbers("mean", n_mfcc), fields.numbers("std", n_mfcc))
    if min(normalization.std) <= 0:
        raise unusable("normalization.std", list(normalization.std), "positive numbers")
    return normalization


def _labels(fields: Fields) -> tuple[str, ...]:
    labels = fields.texts("labels", MAX_LABELS, MAX_LABEL_LENGTH)
    if not labels or len(set(labels)) < len(labels):
        raise unusable("labels", list(labels), "distinct names")
    return labels
