"""What options let a user choose from. The names stand in the modules that give them a meaning; a test compares."""

from __future__ import annotations

from enum import Enum

Model = Enum("Model", {"MLP": "mlp", "MLP_REGULARIZED": "mlp-regularized", "CNN": "cnn", "LSTM": "lstm"})
Models = Enum(
    "Models", {"MLP": "mlp", "MLP_REGULARIZED": "mlp-regularized", "CNN": "cnn", "LSTM": "lstm", "ALL": "all"}
)
Recipe = Enum("Recipe", {"PAPER": "paper", "EDGE": "edge"})
EdgeOption = Enum(
    "EdgeOption",
    {
        "NORMALIZATION": "normalization",
        "SCHEDULE": "schedule",
        "BEST_WEIGHTS": "best-weights",
        "LABEL_SMOOTHING": "label-smoothing",
        "MIXUP": "mixup",
        "MASKING": "masking",
        "TIMBRE": "timbre",
        "OFFSETS": "offsets",
        "BALANCING": "balancing",
    },
)
Format = Enum("Format", {"TFLITE": "tflite", "ONNX": "onnx"})
Precision = Enum("Precision", {"FLOAT32": "float32", "FLOAT16": "float16", "DYNAMIC": "dynamic", "INT8": "int8"})
Target = Enum("Target", {"LITERT": "litert", "TFLITE_RUNTIME": "tflite-runtime", "MICRO": "micro"})
Batch = Enum("Batch", {"ONE": "1", "DYNAMIC": "dynamic"})  # windows a call
Engine = Enum(
    "Engine",
    {"LITERT": "litert", "TFLITE_RUNTIME": "tflite-runtime", "MICRO": "micro", "ONNX": "onnx", "KERAS": "keras"},
)
SampleFormat = Enum("SampleFormat", {"S16LE": "s16le", "S32LE": "s32le", "F32LE": "f32le"})
