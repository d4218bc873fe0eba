"""Keras models become files for devices: converted, calibrated, described and proven to agree."""

from typing import TYPE_CHECKING

from ..runtime.util.late_imports import late_names

if TYPE_CHECKING:
    from .export import export_model
    from .onnx.convert import convert_onnx
    from .tflite.convert import convert_tflite
    from .trained_model import Calibration, ParityWindows, TrainedModel
    from .verify.parity import Parity

__all__ = ["Calibration", "Parity", "ParityWindows", "TrainedModel", "convert_onnx", "convert_tflite", "export_model"]

# Imported when they are asked for: TensorFlow takes seconds to load.
_LATE = {
    "Calibration": "trained_model",
    "Parity": "verify.parity",
    "ParityWindows": "trained_model",
    "TrainedModel": "trained_model",
    "convert_onnx": "onnx.convert",
    "convert_tflite": "tflite.convert",
    "export_model": "export",
}
__getattr__ = late_names(__name__, _LATE)
