"""Keras model -> ONNX bytes."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import onnx
from onnxruntime import quantization
from onnxruntime.quantization.quant_utils import add_pre_process_metadata

from ...runtime.errors import ConversionError, first_words
from ...runtime.modelfile.description import QuantizationScheme
from ..formats import Conversion, require_calibration, require_supported
from ..quantize import weight_grids
from ..quantize.gptq import rounded_copy
from .graph_builder import INPUT
from .layers import onnx_model

_DYNAMIC = QuantizationScheme(
    weights="int8 in the range of 7 bits, a scale per channel, in models with LSTM layers per tensor",
    activations="float32, uint8 within an operator",
    method="dynamic range; small dense layers and the last layer in float32",
)
_CALIBRATED = QuantizationScheme(
    weights="int8 in the range of 7 bits, a scale per channel",
    activations="int8",
    method="calibrated minimum and maximum; the last layer in float32",
)
_CNN_NOTE = (
    "Asked for dynamic, made with calibrated ranges: ONNX Runtime runs convolutions with dynamic ranges several times "
    "slower than in float32."
)
_LSTM_NOTE = (
    "Asked for int8, made with dynamic ranges: ONNX Runtime has a whole-number LSTM only with ranges that it measures "
    "at run time."
)


def convert_onnx(
    model: keras.Model, precision: str, calibration: np.ndarray | None = None, batch: int | None = 1
) -> Conversion:
    """Convert `model` to ONNX; input and output are float32 at every precision.

    Where ONNX Runtime has no sound kernels for what was asked, the nearest sound way is taken and the notes say so:
    quantised LSTM layers always have dynamic ranges, convolutions always calibrated ones.

    Args:
        model: a chain of layers that have an ONNX counterpart; input [shape=(batch, frames, n_mfcc)].
        precision: float32, dynamic or int8.
        calibration: normalised float32 [shape=(n, frames, n_mfcc)]. Calibrated ranges are taken from them; wherever
            weights are rounded, the rounding makes the layers' outputs for them stay close.
        batch: windows per call; None leaves it open.

    Raises:
        ParameterError: an unknown precision, or calibration is needed and missing.
        UnsupportedModelError: a layer without an ONNX counterpart, or float16.
        ConversionError: ONNX Runtime's quantiser failed.
    """
    require_supported("onnx", precision)
    if precision == "float32":
        return Conversion(onnx_model(model, batch).SerializeToString(deterministic=True))
    calibrated, notes = _sound_way(model, precision)
    ranges = require_calibration(precision, calibration) if calibrated else None
    # ONNX Runtime's LSTM takes 15 % longer with a scale per unit.
    per_channel = not any(isinstance(layer, keras.layers.LSTM) for layer in model.layers)
    if calibration is not None:
        dynamic = weight_grids.onnx(per_channel, weight_grids.ONNX_DYNAMIC_SMALLEST)
        model = rounded_copy(model, calibration, weight_grids.onnx() if calibrated else dynamic)
    converted = onnx_model(model, batch)
    add_pre_process_metadata(converted)  # `onnx_model` leaves nothing to optimise
    try:
        data = _quantised(converted, ranges, per_channel)
    except Exception as error:  # the quantiser raises whatever it likes
        raise ConversionError(
            f"model {model.name}: ONNX Runtime's quantiser failed at {precision}: {first_words(error)}"
        ) from error
    return Conversion(data, notes, _CALIBRATED if calibrated else _DYNAMIC)


def _sound_way(model: keras.Model, precision: str) -> tuple[bool, tuple[str, ...]]:
    """Whether ranges are calibrated beforehand, and the note where that is not what `precision` says."""
    kinds = {type(layer) for layer in model.layers}
    if keras.layers.LSTM in kinds:
        return False, (_LSTM_NOTE,) if precision == "int8" else ()
    if precision == "dynamic" and keras.layers.Conv2D in kinds:
        return True, (_CNN_NOTE,)
    return precision == "int8", ()


def _quantised(model: onnx.ModelProto, ranges: np.ndarray | None, per_channel: bool) -> bytes:
    """With ranges taken from the windows `ranges`; with dynamic ones where there are none."""
    with tempfile.TemporaryDirectory() as folder:
        path, kept = Path(folder) / "model.onnx", _deciding(model)
        if ranges is not None:
            quantization.quantize_static(
                model, path, _Windows(ranges), per_channel=True, reduce_range=True, nodes_to_exclude=kept
            )
        else:
            quantization.quantize_dynamic(
                model,
                path,
                ["MatMul", "LSTM"],
                per_channel=per_channel,
                reduce_range=True,
                weight_type=quantization.QuantType.QInt8,
                # The quantiser first splits each Gemm and gives its product another name.
                nodes_to_exclude=[name + suffix for name in (*kept, *_small(model)) for suffix in ("", "_MatMul")],
            )
        return path.read_bytes()


def _deciding(model: onnx.ModelProto) -> list[str]:
    """Names of the softmax and what feeds it: with 256 levels close labels would come out equal."""
    read = {name for node in model.graph.node if node.op_type == "Softmax" for name in node.input}
    return [node.name for node in model.graph.node if node.op_type == "Softmax" or read.intersection(node.output)]


def _small(model: onnx.ModelProto) -> list[str]:
    """Names of the dense layers' products with too few weights to gain by dynamic ranges."""
    sizes = {tensor.name: math.prod(tensor.dims) for tensor in model.graph.initializer}
    products = [node for node in model.graph.node if node.op_type in ("Gemm", "MatMul")]
    return [node.name for node in products if sizes.get(node.input[1], math.inf) < weight_grids.ONNX_DYNAMIC_SMALLEST]


class _Windows(quantization.CalibrationDataReader):  # type: ignore[misc]  # ONNX Runtime ships no types
    """Hands the quantiser one window at a time."""

    def __init__(self, windows: np.ndarray) -> None:
        self._windows: Iterator[np.ndarray] = iter(windows.astype(np.float32))

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next window as the model's input; None after the last."""
        window = next(self._windows, None)
        return None if window is None else {INPUT: window[np.newaxis]}
