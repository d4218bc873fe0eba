"""What a conversion is asked for and what it returns; the names of precisions and targets."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

import numpy as np

from ..runtime.errors import ParameterError, UnsupportedModelError
from ..runtime.modelfile.description import AUDIO, FEATURES, INPUTS, C, QuantizationScheme

PRECISIONS = {
    "tflite": ("float32", "float16", "dynamic", "int8"),
    "onnx": ("float32", "dynamic", "int8"),
}
QUANTISED = ("dynamic", "int8")
# Of TFLite files, and what is made from one: c, a folder, and web, a page; ONNX files are for ONNX Runtime.
TARGETS = ("litert", "tflite-runtime", "micro", C, "web")
FROM_C = (C, "web")


@dataclasses.dataclass(frozen=True)
class Conversion:
    """A converted model.

    Attributes:
        data: the file, without a description.
        notes: what a user should know of how it was made, one sentence each.
        quantization: how a quantised model holds its numbers.
    """

    data: bytes
    notes: tuple[str, ...] = ()
    quantization: QuantizationScheme = dataclasses.field(default_factory=QuantizationScheme)


def require_supported(
    file_format: str,
    precision: str,
    target: str = "litert",
    batch: int | None = 1,
    taken: str = FEATURES,
    float_io: bool = False,
) -> None:
    """Refuse what cannot be made.

    Raises:
        ParameterError: no such format, precision, target or input (`taken`).
        UnsupportedModelError: each of them exists, but not together; the message holds the reason.
    """
    _require_one_of("format", file_format, PRECISIONS)
    _require_one_of("precision", precision, PRECISIONS["tflite"])
    _require_one_of("target", target, TARGETS)
    _require_one_of("input", taken, INPUTS)
    if (file_format, precision) == ("onnx", "float16"):
        raise UnsupportedModelError(
            "format=onnx, precision=float16: ONNX Runtime has no float16 kernels for the CPU and would cast every "
            "tensor to and fro; choose float32, or int8 for a smaller file"
        )
    if file_format == "onnx" and target != TARGETS[0]:
        verb = "is made from" if target in FROM_C else "reads"
        raise UnsupportedModelError(f"format={file_format}, target={target}: {target} {verb} TFLite; export tflite")
    if batch is None and file_format != "onnx":
        raise UnsupportedModelError(
            f"format={file_format}, batch=dynamic: TFLite files take one window a call, so that their graphs need no "
            "shape arithmetic; export onnx"
        )
    if float_io and (file_format, precision, target) != ("tflite", "int8", TARGETS[0]):
        raise UnsupportedModelError(
            f"format={file_format}, precision={precision}, target={target}, float-io: expected tflite, int8 and "
            f"{TARGETS[0]}, since others take floats anyway or whole numbers alone; leave --float-io out"
        )
    if (target, taken) == ("micro", AUDIO):
        raise UnsupportedModelError(
            f"target={target}, input={taken}: the front end needs floating point and more memory than microcontrollers "
            "have; export --input features"
        )
    if target == "micro" and precision != "int8":
        raise UnsupportedModelError(
            f"precision={precision}, target=micro: microcontrollers take whole-number models; choose int8"
        )
    if target in FROM_C and taken == AUDIO:
        raise UnsupportedModelError(f"target={target}, input={taken}: the C takes sound anyway; leave the input out")
    if target in FROM_C and precision not in ("float32", "int8"):
        raise UnsupportedModelError(
            f"precision={precision}, target={target}: the layers in C are in float32 or int8; choose one of them"
        )


def require_calibration(precision: str, calibration: np.ndarray | None) -> np.ndarray:
    """`calibration`; raises ParameterError where there is none."""
    if calibration is None or not len(calibration):
        raise ParameterError(
            f"precision={precision}: expected features of the training subset to take the ranges from, received none; "
            "name the corpus"
        )
    return calibration


def _require_one_of(name: str, value: str, allowed: Collection[str]) -> None:
    if value not in allowed:
        raise ParameterError(f"{name}={value}: expected one of {', '.join(allowed)}")
