"""The layers in C as a library of their own, and a .tflite run by it operator by operator."""

from __future__ import annotations

import ctypes
import math
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from genrekit.runtime.modelfile import tflite_tables
from genrekit.runtime.native_build import FLAGS, SOURCES

LAYERS = SOURCES / "layers"
PANEL = 16
INT, POINTER, FLOAT = ctypes.c_int32, ctypes.c_void_p, ctypes.c_float
NO_ACTIVATION, RELU, RELU6 = 0, 1, 3
QUANTISED_GATES = 2.0**-12  # the scale of an LSTM's sums before their activation
LARGEST_FLOAT = float(np.finfo(np.float32).max)


def compile_layers(compiler: Sequence[str], options: Sequence[str], output: Path) -> Path:
    """Compile them into `output`, without the front end."""
    sources = sorted(LAYERS.glob("*.c"))
    command = [*compiler, *FLAGS, *options, f"-I{SOURCES}", "-o", output, *sources, "-lm"]
    subprocess.run(command, check=True)
    return output


def structure(*fields):
    """A struct of (type, name)."""
    return type("Structure", (ctypes.Structure,), {"_fields_": [(name, kind) for kind, name in fields]})


Geometry = type("Geometry", (ctypes.Structure,), {"_fields_": [(name, INT) for name in (
    "height", "width", "channels", "kernel_height", "kernel_width", "stride_height", "stride_width", "pad_top",
    "pad_left", "out_height", "out_width")]})  # fmt: skip
Conv = structure((Geometry, "geometry"), (INT, "units"), (POINTER, "weights"), (POINTER, "bias"), (FLOAT, "least"),
                 (FLOAT, "most"))  # fmt: skip
ConvInt8 = structure((Geometry, "geometry"), (INT, "units"), (POINTER, "weights"), (POINTER, "bias"),
                     (POINTER, "multipliers"), (POINTER, "shifts"), (INT, "input_zero"), (INT, "output_zero"),
                     (INT, "least"), (INT, "most"))  # fmt: skip
AddInt8 = structure((INT, "count"), (INT * 2, "zeros"), (INT * 2, "multipliers"), (INT * 2, "shifts"),
                    (INT, "output_zero"), (INT, "output_multiplier"), (INT, "output_shift"), (INT, "least"),
                    (INT, "most"))  # fmt: skip
SoftmaxInt8 = structure((INT, "rows"), (INT, "count"), (INT, "multiplier"), (INT, "shift"), (INT, "least_difference"))
MeanInt8 = structure((INT, "cells"), (INT, "channels"), (INT, "input_zero"), (INT, "output_zero"), (INT, "multiplier"),
                     (INT, "shift"))  # fmt: skip
Lstm = structure((INT, "steps"), (INT, "inputs"), (INT, "units"), (POINTER, "kernel"), (POINTER, "recurrent"),
                 (POINTER, "bias"))  # fmt: skip

LstmInt8 = structure((INT, "steps"), (INT, "inputs"), (INT, "units"), (POINTER, "kernel"), (POINTER, "recurrent"),
                     (POINTER, "bias"), (INT * 4, "kernel_multipliers"), (INT * 4, "kernel_shifts"),
                     (INT * 4, "recurrent_multipliers"), (INT * 4, "recurrent_shifts"), (INT, "output_multiplier"),
                     (INT, "output_shift"), (INT, "input_zero"), (INT, "output_zero"), (INT, "cell_power"),
                     (INT, "cell_most"))  # fmt: skip


def multiplier_of(scale: float) -> tuple[int, int]:
    """(multiplier, shift) of TFLite's QuantizeMultiplier."""
    fraction, shift = math.frexp(scale)
    multiplier = math.floor(fraction * 2**31 + 0.5)
    if multiplier == 2**31:
        multiplier, shift = multiplier // 2, shift + 1
    return (0, 0) if shift < -31 else (multiplier, shift)


def one_sided(size: int, kernel: int, stride: int, same: bool) -> tuple[int, int]:
    """(length of the output, padding before the input) along one side."""
    length = -(-size // stride) if same else (size - kernel) // stride + 1
    return length, max(0, (length - 1) * stride + kernel - size) // 2 if same else 0


def geometry_of(shape, kernel, strides, same: bool) -> Geometry:
    (height, top), (width, left) = (one_sided(*sizes, same) for sizes in zip(shape[:2], kernel, strides, strict=True))
    return Geometry(*shape, *kernel, *strides, top, left, height, width)


class Layers:
    """A library of layers, called with some instructions: 1, 2 or 3 as in genrekit.h."""

    def __init__(self, path: Path, instructions: int) -> None:
        self._library, self.instructions = ctypes.CDLL(str(path)), instructions
        self._kept: list[np.ndarray] = []

    def run(self, model: bytes, x: np.ndarray) -> list[np.ndarray]:
        """The outputs of `model`, a .tflite, for one window; one of int8 takes int8."""
        graph = tflite_tables.read(model)[0]
        values = {graph.inputs[0]: np.ascontiguousarray(x)}
        for operator in graph.operators:
            self._kept = []
            tensors = [graph.tensors[i] if i >= 0 else None for i in operator.inputs]
            given = [values.get(i) for i in operator.inputs]
            output = graph.tensors[operator.outputs[0]]
            method = getattr(self, "_" + operator.name.lower())
            result = method(operator.options, tensors, given, output).reshape(output.shape)
            assert result.dtype == output.dtype
            values[operator.outputs[0]] = result
        return [values[i] for i in graph.outputs]

    def call(self, name: str, *arguments: object) -> None:
        """Arrays are given as copies that are exactly as large as they are, so that a sanitizer sees what is beyond."""
        given = [ctypes.c_float(a) if isinstance(a, float) else self._pointer(a) if isinstance(a, np.ndarray) else
                 ctypes.byref(a) if isinstance(a, ctypes.Structure) else a for a in arguments]  # fmt: skip
        function = getattr(self._library, f"genrekit_{name}_run")
        function.restype = None
        function(*given)

    def _pointer(self, array: np.ndarray) -> int:
        array = np.ascontiguousarray(array)
        self._kept.append(array)
        return ctypes.c_void_p(array.ctypes.data)

    def address(self, array: np.ndarray) -> int:
        return self._pointer(array).value

    def _reshape(self, options, tensors, given, output):
        return given[0]

    def _slice(self, options, tensors, given, output):
        begin, size = (tensor.integers() for tensor in tensors[1:])
        return given[0][tuple(slice(b, b + s if s >= 0 else None) for b, s in zip(begin, size, strict=True))].copy()

    def _conv_2d(self, options, tensors, given, output):
        strides = options.scalar(2, "<i"), options.scalar(1, "<i")
        kernel = tensors[1].shape[1:3]
        geometry = geometry_of(tensors[0].shape[1:], kernel, strides, options.scalar(0, "<b") == 0)
        return self._conv(geometry, options.scalar(3, "<b"), tensors, given[0], output)

    def _fully_connected(self, options, tensors, given, output):
        units, channels = tensors[1].shape
        rows = tensors[0].elements // channels
        geometry = Geometry(rows, 1, channels, 1, 1, 1, 1, 0, 0, rows, 1)
        return self._conv(geometry, options.scalar(0, "<b"), tensors, given[0], output, units)

    def _depthwise_conv_2d(self, options, tensors, given, output):
        strides = options.scalar(2, "<i"), options.scalar(1, "<i")
        kernel = tensors[1].shape[1:3]
        geometry = geometry_of(tensors[0].shape[1:], kernel, strides, options.scalar(0, "<b") == 0)
        return self._conv(geometry, options.scalar(4, "<b"), tensors, given[0], output, tensors[1].shape[3])

    def _conv(self, geometry, activation, tensors, x, output, units=None):
        weights, depthwise = content_of(tensors[1]), len(tensors[1].shape) == 4 and units is not None
        units = units or tensors[1].shape[0]
        bias = (
            content_of(tensors[2])
            if len(tensors) > 2 and tensors[2]
            else np.zeros(units, "f4" if x.dtype == "f4" else "i4")
        )
        y = np.empty(output.elements, x.dtype)
        name = "depthwise" if depthwise else "conv"
        if x.dtype == np.float32:
            padded = -units % PANEL
            if not depthwise:
                weights = np.pad(weights.reshape(units, -1).T, ((0, 0), (0, padded)))
            layer = Conv(geometry, units, self.address(weights), self.address(np.pad(bias, (0, padded))),
                         *real_range(activation))  # fmt: skip
            self.call(name, layer, *([] if depthwise else [self.instructions]), x, y)
            return y
        scales = [tensors[0].scales[0] * scale / output.scales[0] for scale in tensors[1].scales]
        if len(tensors[1].scales) == 1 and not depthwise:
            scales = [product_of_scales(*tensors[:2]) / output.scales[0]]
        pairs = [multiplier_of(scale) for scale in scales] * (units // len(scales))
        multipliers, shifts = np.array(pairs).T
        arrays = weights, bias.astype(np.int32), multipliers.astype(np.int32), shifts.astype(np.int8)
        zeros = tensors[0].zero_points[0], output.zero_points[0]
        layer = ConvInt8(geometry, units, *map(self.address, arrays), *zeros, *quantised_range(activation, output))
        work = [] if depthwise else [np.empty(weights[0].size, np.int16)]
        self.call(f"{name}_int8", layer, x, *work, y)
        return y

    def _mean(self, options, tensors, given, output):
        height, width, channels = tensors[0].shape[1:]
        y = np.empty(output.elements, given[0].dtype)
        assert tensors[1].integers() == (1, 2)
        if y.dtype == np.float32:
            self.call("average_pool", Geometry(height, width, channels, height, width, 1, 1, 0, 0, 1, 1), given[0], y)
            return y
        cells, (multiplier, shift) = height * width, multiplier_of(tensors[0].scales[0] / output.scales[0])
        power = min(cells.bit_length() - 1, 31 + shift)
        zeros = tensors[0].zero_points[0], output.zero_points[0]
        layer = MeanInt8(cells, channels, *zeros, (multiplier << power) // cells, shift - power)
        self.call("mean_int8", layer, given[0], y)
        return y

    def _max_pool_2d(self, options, tensors, given, output):
        return self._pool("max_pool", options, tensors, given, output)

    def _average_pool_2d(self, options, tensors, given, output):
        return self._pool("average_pool", options, tensors, given, output)

    def _pool(self, name, options, tensors, given, output):
        kernel = options.scalar(4, "<i"), options.scalar(3, "<i")
        strides = options.scalar(2, "<i"), options.scalar(1, "<i")
        geometry = geometry_of(tensors[0].shape[1:], kernel, strides, options.scalar(0, "<b") == 0)
        y = np.empty(output.elements, given[0].dtype)
        self.call(name + "_int8" * (y.dtype == np.int8), geometry, given[0], y)
        return y

    def _add(self, options, tensors, given, output):
        activation, y = options.scalar(0, "<b"), np.empty(output.elements, given[0].dtype)
        if y.dtype == np.float32:
            self.call("add", y.size, *real_range(activation), *given, y)
            return y
        twice = 2 * max(tensor.scales[0] for tensor in tensors)
        pairs = [multiplier_of(tensor.scales[0] / twice) for tensor in tensors]
        whole = multiplier_of(twice / (2**20 * output.scales[0]))
        layer = AddInt8(y.size, (INT * 2)(*(tensor.zero_points[0] for tensor in tensors)),
                        (INT * 2)(*(pair[0] for pair in pairs)), (INT * 2)(*(pair[1] for pair in pairs)),
                        output.zero_points[0], *whole, *quantised_range(activation, output))  # fmt: skip
        self.call("add_int8", layer, *given, y)
        return y

    def _softmax(self, options, tensors, given, output):
        beta, count = options.scalar(0, "<f"), output.shape[-1]
        y = np.empty(output.elements, given[0].dtype)
        rows = y.size // count
        if y.dtype == np.float32:
            self.call("softmax", rows, count, beta, given[0], y)
            return y
        multiplier, shift = multiplier_of(min(beta * tensors[0].scales[0] * 2**26, 2**31 - 1))
        layer = SoftmaxInt8(rows, count, multiplier, shift, -math.floor(31 * 2**26 / 2**shift))
        self.call("softmax_int8", layer, given[0], y)
        return y

    def _unidirectional_sequence_lstm(self, options, tensors, given, output):
        sizes = output.shape[1], tensors[0].shape[2], output.shape[2]
        arrays = [[content_of(tensor) for tensor in tensors[first : first + 4]] for first in (1, 5, 12)]
        y = np.empty(output.elements, given[0].dtype)
        if y.dtype == np.float32:
            padded = -4 * sizes[2] % PANEL
            laid = [np.pad(np.concatenate(some).T, [(0, 0)] * (some[0].ndim - 1) + [(0, padded)]) for some in arrays]
            work = np.empty((sizes[0] + 2) * (4 * sizes[2] + padded), np.float32)
            self.call("lstm", Lstm(*sizes, *map(self.address, laid)), self.instructions, given[0], work, y)
            return y
        state, cell = tensors[18:20]
        gates = []  # multipliers and shifts, of the input and of the state
        for before, weights in ((tensors[0], tensors[1:5]), (state, tensors[5:9])):
            pairs = [multiplier_of(product_of_scales(before, one) / QUANTISED_GATES) for one in weights]
            gates += [(INT * 4)(*column) for column in zip(*pairs, strict=True)]
        ends = *multiplier_of(2.0**-30 / state.scales[0]), tensors[0].zero_points[0], state.zero_points[0]
        laid = [self.address(np.stack(some)) for some in arrays]
        layer = LstmInt8(*sizes, *laid, *gates, *ends, round(math.log2(cell.scales[0])), 0)
        self.call("lstm_int8", layer, given[0], np.empty(6 * sizes[2] + sizes[1], np.int16), y)
        return y

    def quantize(self, x: np.ndarray, scale: float, zero: int) -> np.ndarray:
        y = np.empty(x.shape, np.int8)
        self.call("quantize", x.size, scale, zero, x, y)
        return y

    def dequantize(self, x: np.ndarray, scale: float, zero: int) -> np.ndarray:
        y = np.empty(x.shape, np.float32)
        self.call("dequantize", x.size, scale, zero, x, y)
        return y


def content_of(tensor) -> np.ndarray:
    return np.frombuffer(tensor.content, tensor.dtype).reshape(tensor.shape)


def product_of_scales(one, other) -> float:
    """In float32, as TFLite multiplies them where all units have one scale."""
    return float(np.float32(one.scales[0]) * np.float32(other.scales[0]))


def real_range(activation: int) -> tuple[float, float]:
    return (-LARGEST_FLOAT if activation == NO_ACTIVATION else 0.0, 6.0 if activation == RELU6 else LARGEST_FLOAT)


def quantised_range(activation: int, output) -> tuple[int, int]:
    scale, zero = np.float32(output.scales[0]), output.zero_points[0]
    most = zero + round(float(np.float32(6) / scale)) if activation == RELU6 else 127
    return (-128 if activation == NO_ACTIVATION else max(-128, zero)), min(127, most)
