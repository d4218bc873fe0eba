"""What a .tflite or .onnx consists of, read without any engine: operators and the tensors at its ends."""

from __future__ import annotations

import dataclasses
import struct
from pathlib import Path

from ..errors import ModelFileError
from ..modelfile import model_format
from ..protobuf import MalformedError


@dataclasses.dataclass(frozen=True)
class Tensor:
    """One end of a model.

    Attributes:
        name: as the graph calls it.
        shape: None where a dimension is open.
        dtype: numpy's name.
        scale, zero_point: ``real = scale * (quantised - zero_point)``; None for a tensor that is not quantised.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    scale: float | None = None
    zero_point: int | None = None


@dataclasses.dataclass(frozen=True)
class Graph:
    """A model's operators (name: count, most frequent first) and the tensors at its ends."""

    ops: dict[str, int]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def read_graph(path: str | Path) -> Graph:
    """The graph of a .tflite or .onnx file.

    Raises:
        MissingFileError: there is no such file.
        ModelFileError: it is no TFLite or ONNX model, or a damaged one.
    """
    path = Path(path)
    file_format = model_format(path)
    if file_format == "keras":
        raise ModelFileError(f"{path}: expected a .tflite or .onnx file; export the Keras model first")
    from . import onnx, tflite

    reader = {"tflite": tflite, "onnx": onnx}[file_format]
    try:
        return reader.parse(path.read_bytes())
    except (MalformedError, struct.error, IndexError, UnicodeDecodeError, TypeError) as error:
        raise ModelFileError(
            f"{path}: expected a {file_format} model, received a damaged or other file ({error}); export it again"
        ) from error
