"""How the shapes, types and scales of TFLite's layers with weights or windows follow from one another.

Sources: TFLite's kernels and schema.fbs, which numbers the options. Each function is a `Rule`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from .tflite_checks import (
    MAX_PRODUCTS,
    REAL,
    WHOLE,
    Taken,
    given_all,
    options_of,
    require,
    require_activation,
    require_scaled,
    require_shape,
)
from .tflite_tables import MAX_ELEMENTS, GraphTable, OperatorTable, TensorTable

MAX_STEP = 2**12  # of strides, dilations and window sides
LSTM_INPUTS, LSTM_INTERMEDIATES = 24, 5
LSTM_NEEDED = (0, 2, 3, 4, 7, 8, 13, 14, 15, 6, 18, 19)


def _weighted(x: TensorTable, weights: TensorTable, bias: TensorTable | None, y: TensorTable, units: int) -> None:
    """Types, scales and bias of layers with weights."""
    require_scaled(x)
    require_scaled(y)
    kinds = {"float32": {"float32", "int8", "uint8", "int4"}, "int16": {"int8", "int4"}, "uint8": {"uint8"}}
    require(x.dtype == y.dtype and x.dtype in (*WHOLE, *REAL), f"types {x.dtype} and {y.dtype}")
    require(weights.dtype in kinds.get(x.dtype, {"int8", "int4"}), f"weights of type {weights.dtype} for {x.dtype}")
    if weights.dtype != "float32":
        require(len(weights.scales) in (1, units), f"weights with {len(weights.scales)} scales")
        require(weights.dtype == "uint8" or not any(weights.zero_points), "weights with zero points")
    if bias is not None:
        kinds = {"float32": {"float32"}, "int16": {"int32", "int64"}}
        require(bias.dtype in kinds.get(x.dtype, {"int32"}), f"a bias of type {bias.dtype} for {x.dtype}")
        require(not any(bias.zero_points) and len(bias.scales) in (0, 1, units), "a bias with zero points")
        require(bias.elements == units, f"a bias of shape {bias.shape} for {units} units")


def _steps(*numbers: int) -> None:
    require(all(1 <= number <= MAX_STEP for number in numbers), f"strides, dilations or sides of {numbers}")


def _side(size: int, window: int, stride: int, dilation: int, padding: int) -> int:
    """How often a window fits; padding 0 is SAME, 1 is VALID."""
    require(padding in (0, 1), "a padding that does not exist")
    return -(-size // stride) if padding == 0 else -(-(size - (window - 1) * dilation) // stride)


def convolution(operator: OperatorTable, taken: Taken, given: Sequence[TensorTable], graph: GraphTable) -> None:
    """CONV_2D and DEPTHWISE_CONV_2D."""
    (x, weights), bias = given_all(taken[:2]), taken[2] if len(taken) > 2 else None
    (y,), options = given, options_of(operator)
    deep = operator.name == "DEPTHWISE_CONV_2D"
    require(len(x.shape) == len(weights.shape) == len(y.shape) == 4 and min(x.shape + weights.shape) > 0, "a rank or 0")
    stride_w, stride_h = options.scalar(1, "<i"), options.scalar(2, "<i")
    dilation_w, dilation_h = options.scalar(5 if deep else 4, "<i", 1), options.scalar(6 if deep else 5, "<i", 1)
    _steps(stride_w, stride_h, dilation_w, dilation_h)
    require_activation(options, 4 if deep else 3)
    units = weights.shape[3 if deep else 0]
    _weighted(x, weights, bias, y, units)
    require(
        len(weights.scales) == 1 or weights.axis == (3 if deep else 0) or not weights.scales, "scales along an axis"
    )
    if deep:
        require(weights.shape[0] == 1 and units % x.shape[3] == 0, f"weights of shape {weights.shape}")
        require(options.scalar(3, "<i") in (0, units // x.shape[3]), "another depth multiplier")
    else:
        require(x.shape[3] % weights.shape[3] == 0, f"weights of shape {weights.shape} for {x.shape[3]} channels")
        require(units % (x.shape[3] // weights.shape[3]) == 0, "groups that do not fit")
    padding = options.scalar(0, "<b")
    height = _side(x.shape[1], weights.shape[1], stride_h, dilation_h, padding)
    width = _side(x.shape[2], weights.shape[2], stride_w, dilation_w, padding)
    require(height > 0 and width > 0, "nothing left by its window")
    require_shape(y, (x.shape[0], height, width, units), x, weights)
    products = math.prod((x.shape[0], height, width, *weights.shape))
    require(products <= MAX_PRODUCTS and products // units <= MAX_ELEMENTS, "more work than a model of sound has")


def pooling(operator: OperatorTable, taken: Taken, given: Sequence[TensorTable], graph: GraphTable) -> None:
    """MAX_POOL_2D and AVERAGE_POOL_2D."""
    (x,), (y,), options = given_all(taken), given, options_of(operator)
    require(len(x.shape) == len(y.shape) == 4 and min(x.shape) > 0 and x.dtype == y.dtype, "a rank, type or 0")
    stride_w, stride_h, side_w, side_h = (options.scalar(field, "<i") for field in (1, 2, 3, 4))
    _steps(stride_w, stride_h, side_w, side_h)
    require_activation(options, 5)
    require_scaled(x)
    require_scaled(y)
    padding = options.scalar(0, "<b")
    height = _side(x.shape[1], side_h, stride_h, 1, padding)
    width = _side(x.shape[2], side_w, stride_w, 1, padding)
    require(height > 0 and width > 0, "nothing left by its window")
    require_shape(y, (x.shape[0], height, width, x.shape[3]), x)
    require(y.elements * side_w * side_h <= MAX_PRODUCTS, "more work than a model of sound has")


def dense(operator: OperatorTable, taken: Taken, given: Sequence[TensorTable], graph: GraphTable) -> None:
    """FULLY_CONNECTED."""
    (x, weights), bias = given_all(taken[:2]), taken[2] if len(taken) > 2 else None
    (y,), options = given, options_of(operator)
    require(len(weights.shape) == 2 and min(weights.shape) > 0 and x.shape != (), "a rank or 0")
    units, size = weights.shape
    require(options.scalar(1, "<b") == 0, "weights in the order of another machine")
    require(x.elements % size == 0 and x.elements > 0, f"weights of shape {weights.shape} for {x.shape}")
    require_activation(options, 0)
    _weighted(x, weights, bias, y, units)
    if options.scalar(2, "<B"):
        require(x.shape[-1] == size, f"weights of shape {weights.shape} for {x.shape}")
        require_shape(y, (*x.shape[:-1], units), x, weights)
    else:
        require_shape(y, (x.elements // size, units), x, weights)
    require(x.elements * units <= MAX_PRODUCTS, "more work than a model of sound has")


def lstm(operator: OperatorTable, taken: Taken, given: Sequence[TensorTable], graph: GraphTable) -> None:
    """UNIDIRECTIONAL_SEQUENCE_LSTM: input, 4 + 4 kernels, 3 peepholes, 4 biases, projection and bias, states, norms."""
    taken = [*taken, *[None] * (LSTM_INPUTS - len(taken))]
    x, *_, recurrent, state, cell = given_all([taken[index] for index in LSTM_NEEDED])
    (y,), options = given, options_of(operator)
    require(len({taken[index] is None for index in (1, 5, 12)}) == 1, "an input gate in part")
    require(len(x.shape) == 3 and min(x.shape) > 0 and len(recurrent.shape) == 2, "a rank or 0")
    units, out = recurrent.shape
    batch = x.shape[1 if options.scalar(3, "<B") else 0]
    expected: list[tuple[int, ...]] = [(units, x.shape[2])] * 4 + [(units, out)] * 4 + [(units,)] * 7
    expected += [(out, units), (out,), (batch, out), (batch, units)] + [(units,)] * 4
    for tensor, shape in zip(taken[1:], expected, strict=True):
        if tensor is not None:
            require(tensor.shape == shape, f"{tensor.name[:80]!r} of shape {tensor.shape}, not {shape}")
    require(state.variable and cell.variable and state is not cell, "a state that is not kept")
    require(taken[16] is not None or units == out, "no projection")
    require_shape(y, (*x.shape[:2], out), x)
    require_activation(options, 0)
    require(x.elements * units * 8 <= MAX_PRODUCTS, "more work than a model of sound has")
    require({y.dtype, state.dtype} == {x.dtype}, "types")
    if x.dtype == "float32":
        _real_lstm(taken, cell)
    else:
        _whole_lstm(operator, taken, graph)


def _real_lstm(taken: Taken, cell: TensorTable) -> None:
    """In float32, with weights of float32 or of whole numbers."""
    kernels, rest = [*filter(None, taken[1:9])], [*filter(None, (*taken[9:16], *taken[17:18], *taken[20:]))]
    types = {kernel.dtype for kernel in kernels}
    require(types in ({"float32"}, {"int8"}, {"uint8"}) and cell.dtype == "float32", f"types {types}")
    require(all(tensor.dtype == "float32" or types != {"float32"} for tensor in rest), "types")
    for kernel in filter(None, taken[1:12]):
        require_scaled(kernel)


def _whole_lstm(operator: OperatorTable, taken: Taken, graph: GraphTable) -> None:
    """In whole numbers; a scale of what is between stands in a tensor that nothing else uses."""
    require(not any((*taken[9:12], *taken[16:18], *taken[20:])), "peepholes, a projection or norms in whole numbers")
    x, state, cell, *kernels = given_all([taken[0], taken[18], taken[19], *taken[1:9]])
    require({kernel.dtype for kernel in (x, *kernels)} == {"int8"} and cell.dtype == "int16", "types")
    require({bias.dtype for bias in given_all(taken[12:16])} == {"int32"}, "types")
    between = operator.intermediates
    require(len(between) == LSTM_INTERMEDIATES and -1 not in between, f"{len(between)} intermediates")
    hidden = graph.tensors[between[-1]]
    require(hidden.dtype == "int8", "types")
    for tensor in (x, state, cell, hidden, graph.tensors[operator.outputs[0]], *kernels):
        require_scaled(tensor)
    require(math.log2(cell.scales[0]).is_integer(), "a cell whose scale is no power of two")
