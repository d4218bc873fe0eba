"""How the shapes and types of an operator's tensors follow from one another, where TFLite's kernels rely on it.

Sources: TFLite's kernels and schema.fbs, which numbers the options.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

from .flatbuffer import Table
from .malformed import MalformedError
from .tflite_tables import MAX_ELEMENTS, GraphTable, OperatorTable, TensorTable

MAX_PRODUCTS = 2e10  # multiplications of one operator: seconds of a slow machine
MAX_STEP = 2**12  # of strides, dilations and window sides
ACTIVATIONS = range(5)  # schema.fbs, ActivationFunctionType: none to tanh
REAL, WHOLE = {"float32"}, {"int8", "uint8", "int16"}
LSTM_INPUTS, LSTM_INTERMEDIATES = 24, 5

Taken = Sequence[TensorTable | None]
Rule = Callable[[OperatorTable, Taken, Sequence[TensorTable], GraphTable], None]


def require(holds: bool, message: str) -> None:
    """Raise MalformedError with the `message` unless it `holds`."""
    if not holds:
        raise MalformedError(message)


def _shape(tensor: TensorTable, expected: Sequence[int], *others: TensorTable) -> None:
    """`tensor` has the shape `expected`, where neither it nor the `others` have open dimensions."""
    if tensor.static and all(other.static for other in others):
        require(tensor.shape == tuple(expected), f"{tensor.name[:80]!r} of shape {tensor.shape}, not {tuple(expected)}")


def _scaled(tensor: TensorTable) -> None:
    """A tensor of quantised numbers has one scale."""
    if tensor.dtype in WHOLE:
        require(
            len(tensor.scales) == len(tensor.zero_points) == 1 and _in_range(tensor),
            f"{tensor.name[:80]!r} without one scale and zero point",
        )


def _in_range(tensor: TensorTable) -> bool:
    low = {"int8": -128, "uint8": 0, "int16": -(2**15)}[tensor.dtype]
    high = {"int8": 127, "uint8": 255, "int16": 2**15 - 1}[tensor.dtype]
    return all(low <= zero <= high for zero in tensor.zero_points)


def _all(taken: Taken) -> list[TensorTable]:
    require(None not in taken, "an input that is left out")
    return [tensor for tensor in taken if tensor is not None]


def _options(operator: OperatorTable) -> Table:
    require(operator.options is not None, "no options")
    assert operator.options is not None
    return operator.options


def _activation(options: Table, field: int) -> None:
    require(options.scalar(field, "<b") in ACTIVATIONS, "an activation that does not exist")


def _weighted(x: TensorTable, weights: TensorTable, bias: TensorTable | None, y: TensorTable, units: int) -> None:
    """Types, scales and bias of layers with weights."""
    _scaled(x)
    _scaled(y)
    kinds = {"float32": {"float32", "int8", "uint8", "int4"}, "int16": {"int8", "int4"}, "uint8": {"uint8"}}
    require(x.dtype == y.dtype and x.dtype in (*WHOLE, *REAL), f"types {x.dtype} and {y.dtype}")
    require(weights.dtype in kinds.get(x.dtype, {"int8", "int4"}), f"weights of type {weights.dtype} for {x.dtype}")
    if weights.dtype != "float32":
        require(len(weights.scales) in (1, units), f"weights with {len(weights.scales)} scales")
        require(weights.dtype == "uint8" or not any(weights.zero_points), "weights with zero points")
    if bias is not None:
        kinds = {"float32": {"float32"}, "int16": {"int32", "int64"}}
        require(bias.dtype in kinds.get(x.dtype, {"int32"}), f"a bias of type {bias.dtype} for {x.dtype}")
        require(bias.elements == units, f"a bias of shape {bias.shape} for {units} units")


def _steps(*numbers: int) -> None:
    require(all(1 <= number <= MAX_STEP for number in numbers), f"strides, dilations or sides of {numbers}")


def _side(size: int, window: int, stride: int, dilation: int, padding: int) -> int:
    """How often a window fits; padding 0 is SAME, 1 is VALID."""
    require(padding in (0, 1), "a padding that does not exist")
    return -(-size // stride) if padding == 0 else -(-(size - (window - 1) * dilation) // stride)


def _convolution(operator: OperatorTable, taken: Taken, given: Sequence[TensorTable], graph: GraphTable) -> None:
    (x, weights), bias = _all(taken[:2]), taken[2] if len(taken) > 2 else None
    (y,), options = given, _options(operator)
    deep = operator.name == "DEPTHWISE_CONV_2D"
    require(len(x.shape) == len(weights.shape) == len(y.shape) == 4 and min(x.shape + weights.shape) > 0, "a rank or 0")
    stride_w, stride_h = options.scalar(1, "<i"), options.scalar(2, "<i")
    dilation_w, dilation_h = options.scalar(5 if deep else 4, "<i", 1), options.scalar(6 if deep else 5, "<i", 1)
    _steps(stride_w, stride_h, dilation_w, dilation_h)
    _activation(options, 4 if deep else 3)
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
    _shape(y, (x.shape[0], height, width, units), x, weights)
    products = math.prod((x.shape[0], height, width, *weights.shape))
    require(products <= MAX_PRODUCTS and products // units <= MAX_ELEMENTS, "more work than a model of sound has")


def _pooling(operator: OperatorTable, taken: Taken, given: Sequence[TensorTable], graph: GraphTable) -> None:
    (x,), (y,), options = _all(taken), given, _options(operator)
    require(len(x.shape) == len(y.shape) == 4 and min(x.shape) > 0 and x.dtype == y.dtype, "a rank, type or 0")
    stride_w, stride_h, side_w, side_h = (options.scalar(field, "<i") for field in (1, 2, 3, 4))
    _steps(stride_w, stride_h, side_w, side_h)
    _activation(options, 5)
    _scaled(x)
    _scaled(y)
    padding = options.scalar(0, "<b")
    height = _side(x.shape[1], side_h, stride_h, 1, padding)
    width = _side(x.shape[2], side_w, stride_w, 1, padding)
    require(height > 0 and width > 0, "nothing left by its window")
    _shape(y, (x.shape[0], height, width, x.shape[3]), x)
    require(y.elements * side_w * side_h <= MAX_PRODUCTS, "more work than a model of sound has")


def _dense(operator: OperatorTable, taken: Taken, given: Sequence[TensorTable], graph: GraphTable) -> None:
    (x, weights), bias = _all(taken[:2]), taken[2] if len(taken) > 2 else None
    (y,), options = given, _options(operator)
    require(len(weights.shape) == 2 and min(weights.shape) > 0 and x.shape != (), "a rank or 0")
    units, size = weights.shape
    require(options.scalar(1, "<b") == 0, "weights in the order of another machine")
    require(x.elements % size == 0 and x.elements > 0, f"weights of shape {weights.shape} for {x.shape}")
    _activation(options, 0)
    _weighted(x, weights, bias, y, units)
    if options.scalar(2, "<B"):
        require(x.shape[-1] == size, f"weights of shape {weights.shape} for {x.shape}")
        _shape(y, (*x.shape[:-1], units), x, weights)
    else:
        _shape(y, (x.elements // size, units), x, weights)
    require(x.elements * units <= MAX_PRODUCTS, "more work than a model of sound has")


def _reshape(operator: OperatorTable, taken: Taken, given: Sequence[TensorTable], graph: GraphTable) -> None:
    x, *rest = _all(taken)
    (y,) = given
    require(x.dtype == y.dtype and (not (x.static and y.static) or x.elements == y.elements), f"{x.shape} to {y.shape}")
    wanted = rest[0].integers() if rest else operator.options.numbers(0, "i") if operator.options else ()
    if rest:
        require(rest[0].dtype == "int32" and len(rest[0].shape) == 1, "a shape of another type")
    if wanted and y.static:
        require(len(wanted) == len(y.shape), f"a shape {wanted}, not {y.shape}")
        fits = all(size in (-1, fixed) for size, fixed in zip(wanted, y.shape, strict=True))
        require(fits and wanted.count(-1) <= 1, f"a shape {wanted}, not {y.shape}")


def _same(operator: OperatorTable, taken: Taken, given: Sequence[TensorTable], graph: GraphTable) -> None:
    (x,), (y,) = _all(taken), given
    _shape(y, x.shape, x)
    if operator.name not in ("QUANTIZE", "DEQUANTIZE", "CAST", "LOGICAL_NOT", "COMPLEX_ABS", "REAL", "IMAG"):
        require(x.dtype == y.dtype, f"types {x.dtype} and {y.dtype}")
        _scaled(x)
        _scaled(y)
    if operator.name == "SOFTMAX":
        require(1 <= len(x.shape) <= 4 and 0 < _options(operator).scalar(0, "<f") < 1e6, "a rank or a beta")
    if operator.name == "DEQUANTIZE":
        require(y.dtype == "float32" and (x.dtype in ("float16", "float32") or len(x.scales) > 0), "types")
    if operator.name == "QUANTIZE":
        require(len(y.scales) > 0 and x.dtype in (*REAL, *WHOLE, "int32"), "types")


def _slice(operator: OperatorTable, taken: Taken, given: Sequence[TensorTable], graph: GraphTable) -> None:
    x, begin, size = _all(taken)
    (y,) = given
    require(x.dtype == y.dtype and len(x.shape) == len(y.shape), "another rank or type")
    require(begin.dtype == size.dtype and begin.elements == size.elements == len(x.shape), "another rank")
    begins, sizes = begin.integers(), size.integers()
    if begins is None or sizes is None or not x.static:
        return
    sizes = tuple(
        full - start if want == -1 else want for full, start, want in zip(x.shape, begins, sizes, strict=True)
    )
    fits = all(0 <= start <= start + want <= full for full, start, want in zip(x.shape, begins, sizes, strict=True))
    require(fits, f"{begins} and {sizes} of {x.shape}")
    _shape(y, sizes, x)


def _transpose(operator: OperatorTable, taken: Taken, given: Sequence[TensorTable], graph: GraphTable) -> None:
    x, order = _all(taken)
    (y,), axes = given, order.integers()
    require(x.dtype == y.dtype and order.elements == len(x.shape), "another rank or type")
    if axes is not None:
        require(sorted(axis % max(len(axes), 1) for axis in axes) == list(range(len(axes))), f"axes {axes}")
        _shape(y, [x.shape[axis] for axis in axes], x)


def _broadcast(operator: OperatorTable, taken: Taken, given: Sequence[TensorTable], graph: GraphTable) -> None:
    one, other = _all(taken)
    (y,) = given
    require(one.dtype == other.dtype, f"types {one.dtype} and {other.dtype}")
    pairs = list(itertools.zip_longest(one.shape[::-1], other.shape[::-1], fillvalue=1))
    if one.static and other.static:
        require(all(a == b or 1 in (a, b) for a, b in pairs), f"shapes {one.shape} and {other.shape}")
        _shape(y, [b if a == 1 else a for a, b in pairs][::-1], one, other)


def _lstm(operator: OperatorTable, taken: Taken, given: Sequence[TensorTable], graph: GraphTable) -> None:
    taken = [*taken, *[None] * (LSTM_INPUTS - len(taken))]
    x, recurrent, state, cell, *weights = _all([taken[0], taken[6], taken[18], taken[19], *taken[2:5], *taken[6:9]])
    _all(taken[13:16])
    (y,), options = given, _options(operator)
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
    _shape(y, (*x.shape[:2], out), x)
    _activation(options, 0)
    require(x.elements * units * 8 <= MAX_PRODUCTS, "more work than a model of sound has")
    require({y.dtype, state.dtype} == {x.dtype}, "types")
    if x.dtype == "float32":
        _real_lstm(taken, weights, cell)
    else:
        _whole_lstm(operator, taken, graph)


def _real_lstm(taken: Taken, weights: Sequence[TensorTable], cell: TensorTable) -> None:
    """In float32, with weights of float32 or of whole numbers."""
    kernels, rest = [*filter(None, taken[1:9])], [*filter(None, (*taken[9:16], *taken[17:18], *taken[20:]))]
    types = {kernel.dtype for kernel in kernels}
    require(types in ({"float32"}, {"int8"}, {"uint8"}) and cell.dtype == "float32", f"types {types}")
    require(all(tensor.dtype == "float32" or types != {"float32"} for tensor in rest), "types")
    for kernel in filter(None, taken[1:12]):
        _scaled(kernel)


def _whole_lstm(operator: OperatorTable, taken: Taken, graph: GraphTable) -> None:
    """In whole numbers; a scale of what is between stands in a tensor that nothing else uses."""
    require(not any((*taken[9:12], *taken[16:18], *taken[20:])), "peepholes, a projection or norms in whole numbers")
    x, state, cell, *kernels = _all([taken[0], taken[18], taken[19], *taken[1:9]])
    require({kernel.dtype for kernel in (x, *kernels)} == {"int8"} and cell.dtype == "int16", "types")
    require({bias.dtype for bias in _all(taken[12:16])} == {"int32"}, "types")
    between = operator.intermediates
    require(len(between) == LSTM_INTERMEDIATES and -1 not in between, f"{len(between)} intermediates")
    hidden = graph.tensors[between[-1]]
    require(hidden.dtype == "int8", "types")
    for tensor in (x, state, cell, hidden, graph.tensors[operator.outputs[0]], *kernels):
        _scaled(tensor)
    require(math.log2(cell.scales[0]).is_integer(), "a cell whose scale is no power of two")


def _other(operator: OperatorTable, taken: Taken, given: Sequence[TensorTable], graph: GraphTable) -> None:
    """Constants that drive shapes do so within bounds; what is worked out while running is the engine's."""
    name = operator.name
    require(name in ("SPLIT_V",) or None not in taken, "an input that is left out")
    constants = [tensor.integers() or () for tensor in taken if tensor is not None]
    x = taken[0]
    if name == "TILE" and x is not None:
        require(x.elements * math.prod(constants[1]) <= MAX_ELEMENTS, "more elements than a model of sound has")
    elif name in ("BROADCAST_TO", "FILL"):
        require(math.prod(constants[1 if name == "BROADCAST_TO" else 0]) <= MAX_ELEMENTS, "too many elements")
    elif name in GROWING:
        # The output that the file states may be another than the one that follows.
        numbers = itertools.chain.from_iterable(constants)
        require(all(abs(number) <= MAX_STEP for number in numbers), "more elements than a model of sound has")


GROWING = {
    "PAD", "PADV2", "MIRROR_PAD", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "ONE_HOT", "TRANSPOSE_CONV",
    "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND", "SCATTER_ND", "RANGE",
}  # fmt: skip
_SAME = """QUANTIZE DEQUANTIZE SOFTMAX LOG_SOFTMAX LOGISTIC RELU RELU6 RELU_N1_TO_1 RELU_0_TO_1 TANH ELU HARD_SWISH GELU
LEAKY_RELU ABS NEG EXP LOG SQRT RSQRT SIN COS SQUARE FLOOR CEIL ROUND SIGN CAST LOGICAL_NOT ZEROS_LIKE""".split()
_BROADCAST = """ADD SUB MUL DIV MAXIMUM MINIMUM SQUARED_DIFFERENCE POW FLOOR_DIV FLOOR_MOD LESS LESS_EQUAL GREATER
GREATER_EQUAL EQUAL NOT_EQUAL LOGICAL_AND LOGICAL_OR ATAN2""".split()
RULES: dict[str, Rule] = {
    **dict.fromkeys(_SAME, _same),
    **dict.fromkeys(_BROADCAST, _broadcast),
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D"), _convolution),
    **dict.fromkeys(("MAX_POOL_2D", "AVERAGE_POOL_2D"), _pooling),
    "FULLY_CONNECTED": _dense,
    "RESHAPE": _reshape,
    "SLICE": _slice,
    "TRANSPOSE": _transpose,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _lstm,
    "other": _other,
}
