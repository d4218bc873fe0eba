"""The self-description inside a model file: everything needed to use the file, carried by the file."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ModelFileError
from ..mfcc import MfccConfig
from .checksum import BLANK, checksum, is_checksum
from .fields import TEXT, are_texts, checked, is_number, json_object, record
from .rejection import Rejection, read_rejection

FORMAT_VERSION = "1.3"
DESCRIPTION_NAME = "genrekit.json"
LABELS_NAME = "labels.txt"
ONNX_KEY = "genrekit"
KERAS_DESCRIPTION = "description.json"  # beside a model.keras
FEATURES, AUDIO = "features", "audio"
INPUTS = (FEATURES, AUDIO)
SUFFIXES = {".tflite": "tflite", ".onnx": "onnx", ".keras": "keras"}
C = "c"  # the format of a folder of C

MAX_LABELS, MAX_LABEL_LENGTH = 1000, 200


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


RECORDS: dict[str, type[Any]] = {
    "corpus": TrainingCorpus,
    "accuracy": Accuracy,
    "quantization": QuantizationScheme,
    "calibration": CalibrationRecord,
    "parity": ParityRecord,
}


@dataclasses.dataclass(frozen=True)
class ModelDescription:
    """What a model file says of itself.

    Attributes:
        model: name of the architecture.
        labels: class names, in the order of the model's outputs; at most `MAX_LABELS`.
        front_end: how samples become features.
        normalization: what is done to the features before the model, or None.
        rejection: when the model does not know, or None where that is not known.
        input: what the file takes of a window: features, its MFCC after the normalization, or audio, its samples, of
            which the file makes them itself.
        format: keras, tflite, onnx or c.
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
        checksum: of the file that it was read from; None of one that carries none. No part of what the model is: two
            descriptions that differ in nothing else are equal, and none takes it along into another file.
        format_version: of this description; a later major version is refused.
    """

    model: str
    labels: tuple[str, ...]
    front_end: MfccConfig = dataclasses.field(default_factory=MfccConfig)
    normalization: Normalization | None = None
    rejection: Rejection | None = None
    input: str = FEATURES
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
    checksum: str | None = dataclasses.field(default=None, compare=False)
    format_version: str = FORMAT_VERSION

    @property
    def takes_audio(self) -> bool:
        """Whether the file takes samples, and has its front end inside."""
        return self.input == AUDIO

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of what the file takes of one window: (frames, n_mfcc) or (window_samples,)."""
        config = self.front_end
        return (config.window_samples,) if self.takes_audio else (config.window_frames, config.n_mfcc)

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON keeps them, without the checksum; a record of which nothing is known is empty."""
        fields = dataclasses.asdict(self) | {
            name: {} for name, kind in RECORDS.items() if getattr(self, name) == kind()
        }
        del fields["checksum"]
        return fields

    def sealed_json(self, model: Iterable[bytes | memoryview]) -> str:
        """As `to_json`, with the checksum of itself and of the parts of the `model`."""
        text = self.to_json()
        blank = text.replace("{", f'{{\n "checksum": "{BLANK}",', 1)
        return blank.replace(BLANK, checksum(model, blank), 1)

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
            return _read(json_object("description", json.loads(text)))
        except ModelFileError as error:
            raise ModelFileError(f"{source}: {error}") from error
        except (ValueError, RecursionError) as error:
            raise ModelFileError(
                f"{source}: expected a genrekit description, received one that cannot be read ({error!r}); export "
                "the model again"
            ) from error


def _read(values: dict[str, Any]) -> ModelDescription:
    values = {name: value for name, value in values.items() if value is not None}
    format_version = _version(checked("format_version", values.get("format_version"), *TEXT))
    front_end = MfccConfig.from_dict(json_object("front_end", values.get("front_end")))
    formats = (*SUFFIXES.values(), C)
    return record(
        ModelDescription,
        values,
        format_version=format_version,
        model=checked("model", values.get("model"), *TEXT),
        labels=_labels(values.get("labels", [])),
        front_end=front_end,
        normalization=_normalization(values.get("normalization"), front_end.n_mfcc),
        rejection=read_rejection(values.get("rejection"), front_end.n_mfcc),
        checksum=checked(
            "checksum", values.get("checksum"), lambda x: x is None or is_checksum(x), "64 hexadecimal digits"
        ),
        input=checked("input", values.get("input", FEATURES), INPUTS.__contains__, f"one of {', '.join(INPUTS)}"),
        format=checked("format", values.get("format", "keras"), formats.__contains__, f"one of {', '.join(formats)}"),
        **{name: record(kind, json_object(name, values.get(name, {})), f"{name}.") for name, kind in RECORDS.items()},
    )


def _version(version: str) -> str:
    form = re.compile(r"\d{1,4}(\.\d{1,4})*", re.ASCII)
    checked("format_version", version, lambda text: bool(form.fullmatch(text)), f"a version such as {FORMAT_VERSION}")
    if int(version.split(".")[0]) > int(FORMAT_VERSION.split(".")[0]):
        raise ModelFileError(f"format_version={version}: expected {FORMAT_VERSION} or an earlier one; upgrade genrekit")
    return version


def _normalization(values: Any, n_mfcc: int) -> Normalization | None:
    if values is None:
        return None

    def are_numbers(value: Any) -> bool:
        return isinstance(value, list) and len(value) == n_mfcc and all(map(is_number, value))

    fields, rule = json_object("normalization", values), f"{n_mfcc} finite numbers"
    mean, std = (checked(f"normalization.{key}", fields.get(key), are_numbers, rule) for key in ("mean", "std"))
    checked("normalization.std", std, lambda numbers: min(numbers) > 0, "positive numbers")
    return Normalization(tuple(map(float, mean)), tuple(map(float, std)))


def _labels(labels: Any) -> tuple[str, ...]:
    rule = f"at most {MAX_LABELS} texts of at most {MAX_LABEL_LENGTH} characters"
    checked("labels", labels, lambda texts: are_texts(texts, MAX_LABELS, MAX_LABEL_LENGTH), rule)
    checked("labels", labels, lambda texts: all(map(str.isprintable, texts)), "printable texts")
    checked("labels", labels, lambda texts: 0 < len(texts) == len(set(texts)), "distinct names")
    return tuple(labels)
