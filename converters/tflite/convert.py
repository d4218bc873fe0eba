"""Keras model -> TFLite bytes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from ...runtime.errors import ConversionError, UnsupportedModelError, first_words
from ...runtime.modelfile.description import QuantizationScheme
from ...runtime.util.native_output import held_back
from ...runtime.util.room import lacks_room_in, no_room
from ..formats import QUANTISED, Conversion, require_calibration, require_supported
from ..keras_graph.external_model import SavedModelLayer
from ..keras_graph.simplify import copy_layer, simplify
from ..quantize import weight_grids
from ..quantize.gptq import rounded_copy
from ..quantize.narrow_logits import with_narrow_logits
from .finish import finish
from .fused_lstm import FusedLSTM

BATCH = 1  # an open batch would cost SHAPE, PACK and STRIDED_SLICE operators
# Dense layers with a step for each unit need an operator version that tflite-runtime 2.14 does not know.
_ONE_STEP_PER_DENSE_LAYER = {"tflite-runtime"}

_QUANTIZATION = {
    "float32": QuantizationScheme(),
    "float16": QuantizationScheme("float16", "float32", "rounded kernels, float32 biases"),
    "dynamic": QuantizationScheme("int8", "float32, int8 within an operator", "dynamic range"),
    "int8": QuantizationScheme("int8", "int8", "calibrated minimum and maximum"),
}


def convert_tflite(
    model: keras.Model,
    precision: str,
    calibration: np.ndarray | None = None,
    target: str = "litert",
    float_io: bool = False,
) -> Conversion:
    """Convert `model` to TFLite with a batch of one.

    Args:
        model: Sequential or functional; input [shape=(batch, frames, n_mfcc)].
        precision: float32, float16, dynamic (int8 weights) or int8 (weights, activations, input and output).
        calibration: normalised float32 [shape=(n, frames, n_mfcc)]. int8 takes its ranges from them; wherever weights
            are rounded, the rounding makes the layers' outputs for them stay close.
        target: litert, tflite-runtime (loads in version 2.14) or micro (int8 only).
        float_io: whether int8 stands between QUANTIZE and DEQUANTIZE, with float32 at the ends (litert only).

    Raises:
        ParameterError: unknown names, or int8 without calibration.
        UnsupportedModelError: a model or combination that cannot be converted.
        ConversionError: TFLite's converter failed.
        NoRoomError: the temporary folder has no room for it.
    """
    require_supported("tflite", precision, target, float_io=float_io)
    if precision == "int8":
        require_calibration(precision, calibration)
        _require_no_loops(model)
    if precision != "float32" and calibration is not None:
        model = _prepared(model, precision, calibration, target)
    simplified = simplify(model, BATCH, _fused_or_copy)
    failure: Exception | None = None
    lacking = False
    with tempfile.TemporaryDirectory() as folder, held_back():
        try:
            data = _converter(simplified, folder, precision, calibration, target, float_io).convert()
        except Exception as error:  # the converter raises whatever its passes raise
            failure, lacking = error, lacks_room_in(Path(folder))
    if failure and lacking:
        raise no_room(Path(folder), _last_words(failure)) from failure
    if failure:
        raise ConversionError(
            f"model {model.name}: the TFLite converter failed at {precision}: {_last_words(failure)}; export "
            "onnx instead"
        ) from failure
    return Conversion(finish(data, float16=precision == "float16"), quantization=_QUANTIZATION[precision])


def _require_no_loops(model: keras.Model) -> None:
    """Recurrent layers that do not fuse become loops, on which TFLite's quantiser ends the whole process."""
    for layer in model.layers:
        recurrent = isinstance(layer, (layers.RNN, layers.Bidirectional)) and not isinstance(layer, layers.LSTM)
        if recurrent or (isinstance(layer, SavedModelLayer) and layer.loops):
            raise UnsupportedModelError(
                f"layer {layer.name}: {type(layer).__name__} becomes a loop, which TFLite cannot hold in int8; choose "
                "dynamic, or an LSTM layer"
            )


def _last_words(error: Exception) -> str:
    """The converter's last line; it prints one for each operator before."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return first_words(lines[-1].split("error: ")[-1] if lines else error)


def _prepared(model: keras.Model, precision: str, calibration: np.ndarray, target: str) -> keras.Model:
    """Restated and rounded, so that little is lost in what the converter makes of it."""
    if precision == "float16":
        return rounded_copy(model, calibration, weight_grids.float16)
    if precision == "int8":
        model = with_narrow_logits(model, calibration)
    smallest = weight_grids.TFLITE_DYNAMIC_SMALLEST if precision == "dynamic" else 1
    return rounded_copy(model, calibration, weight_grids.tflite(target not in _ONE_STEP_PER_DENSE_LAYER, smallest))


def _fused_or_copy(layer: keras.Layer) -> keras.Layer:
    return FusedLSTM(layer) if isinstance(layer, layers.LSTM) else copy_layer(layer)


def _converter(
    model: keras.Model, folder: str, precision: str, calibration: np.ndarray | None, target: str, float_io: bool
) -> tf.lite.TFLiteConverter:
    # A concrete function of a Keras 3 model would leave its variables unread; a SavedModel does not.
    signature = [keras.InputSpec(shape=model.input_shape, dtype="float32")]
    model.export(folder, format="tf_saved_model", input_signature=signature, verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(folder)
    if precision in QUANTISED:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "int8":
        windows = require_calibration(precision, calibration)
        converter.representative_dataset = lambda: ([window[np.newaxis].astype(np.float32)] for window in windows)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.float32 if float_io else tf.int8
    converter._experimental_disable_per_channel_quantization_for_dense_layers = target in _ONE_STEP_PER_DENSE_LAYER
    return converter
