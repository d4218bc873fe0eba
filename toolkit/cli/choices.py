"""What options let a user choose from. The names stand in the modules that give them a meaning; a test compares."""

from __future__ import annotations

from enum import Enum


class Choice(str, Enum):
    """A word; what is printed, formatted or written as JSON is its value."""

    def __str__(self) -> str:
        return str(self.value)


class Model(Choice):
    """The architectures."""

    MLP = "mlp"
    MLP_REGULARIZED = "mlp-regularized"
    CNN = "cnn"
    LSTM = "lstm"


class Models(Choice):
    """An architecture, or all of them."""

    MLP = "mlp"
    MLP_REGULARIZED = "mlp-regularized"
    CNN = "cnn"
    LSTM = "lstm"
    ALL = "all"


class Recipe(Choice):
    """The recipes of training."""

    PAPER = "paper"
    EDGE = "edge"


class EdgeOption(Choice):
    """The options of the recipe edge."""

    NORMALIZATION = "normalization"
    SCHEDULE = "schedule"
    BEST_WEIGHTS = "best-weights"
    LABEL_SMOOTHING = "label-smoothing"
    MIXUP = "mixup"
    MASKING = "masking"
    TIMBRE = "timbre"
    OFFSETS = "offsets"
    BALANCING = "balancing"


class Format(Choice):
    """The formats of exported files."""

    TFLITE = "tflite"
    ONNX = "onnx"


class Precision(Choice):
    """The precisions of exported files."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    DYNAMIC = "dynamic"
    INT8 = "int8"


class Target(Choice):
    """The engine families that TFLite files are made for."""

    LITERT = "litert"
    TFLITE_RUNTIME = "tflite-runtime"
    MICRO = "micro"


class Batch(Choice):
    """Windows a call."""

    ONE = "1"
    DYNAMIC = "dynamic"


class Engine(Choice):
    """The inference engines."""

    LITERT = "litert"
    TFLITE_RUNTIME = "tflite-runtime"
    MICRO = "micro"
    ONNX = "onnx"
    KERAS = "keras"


class SampleFormat(Choice):
    """The encodings of raw PCM."""

    S16LE = "s16le"
    S32LE = "s32le"
    F32LE = "f32le"
