"""How the shapes and types of an operator's tensors follow from one another, where TFLite's kernels rely on it.

Sources: TFLite's kernels and schema.fbs, which numbers the options.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from .tflite_checks import REAL, WHOLE, Rule, Taken, given_all, options_of, require, require_scaled, require_shape
from .tflite_layers import convolution, dense, lstm, pooling
from .tflite_tables import MAX_ELEMENTS, GraphTable, OperatorTable, TensorTable

MAX_STEP = 2**12  # of constants by which a tensor grows


def _reshape(operator: OperatorTable, taken: Taken, given: Sequence[TensorTable], graph: GraphTable) -> None:
    x, *rest = given_all(taken)
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
    (x,), (y,) = given_all(taken), given
    require_shape(y, x.shape, x)
    if operator.name not in ("QUANTIZE", "DEQUANTIZE", "CAST", "LOGICAL_NOT", "COMPLEX_ABS", "REAL", "IMAG"):
        require(x.dtype == y.dtype, f"types {x.dtype} and {y.dtype}")
        require_scaled(x)
        require_scaled(y)
    if operator.name == "SOFTMAX":
        beta = options_of(operator).scalar(0, "<f")
        require(1 <= len(x.shape) <= 4 and 1e-3 < beta < 1e3, "a rank or a beta")
        # Otherwise tflite-micro ends the process: PreprocessSoftmaxScaling in its kernels.
        require(x.dtype not in WHOLE or beta * x.scales[0] * 2**26 > 1, "steps too small")
    if operator.name == "DEQUANTIZE":
        require(y.dtype == "float32" and (x.dtype in ("float16", "float32") or len(x.scales) > 0), "types")
    if operator.name == "QUANTIZE":
        require(len(y.scales) > 0 and x.dtype in (*REAL, *WHOLE, "int32"), "types")


def _slice(operator: OperatorTable, taken: Taken, given: Sequence[TensorTable], graph: GraphTable) -> None:
    x, begin, size = given_all(taken)
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
    require_shape(y, sizes, x)


def _pad(operator: OperatorTable, taken: Taken, given: Sequence[TensorTable], graph: GraphTable) -> None:
    x, paddings, *_ = given_all(taken)
    (y,), sizes = given, paddings.integers()
    require(x.dtype == y.dtype and paddings.elements == 2 * len(x.shape), "another rank or type")
    if sizes is None or not x.static:
        return
    require(min(sizes, default=0) >= 0, f"paddings {sizes}")
    expected = [sum(around) for around in zip(x.shape, sizes[::2], sizes[1::2], strict=True)]
    require(math.prod(expected) <= MAX_ELEMENTS, "more elements than a model of sound has")
    require_shape(y, expected, x)


def _transpose(operator: OperatorTable, taken: Taken, given: Sequence[TensorTable], graph: GraphTable) -> None:
    x, order = given_all(taken)
    (y,), axes = given, order.integers()
    require(x.dtype == y.dtype and order.elements == len(x.shape), "another rank or type")
    if axes is not None:
        rank = len(axes)
        indices = sorted(axis % rank for axis in axes if -rank <= axis < rank)
        require(indices == list(range(rank)), f"axes {axes}")
        require_shape(y, [x.shape[axis] for axis in axes], x)


def _broadcast(operator: OperatorTable, taken: Taken, given: Sequence[TensorTable], graph: GraphTable) -> None:
    one, other = given_all(taken)
    (y,) = given
    require(one.dtype == other.dtype, f"types {one.dtype} and {other.dtype}")
    pairs = list(itertools.zip_longest(one.shape[::-1], other.shape[::-1], fillvalue=1))
    if one.static and other.static:
        require(all(a == b or 1 in (a, b) for a, b in pairs), f"shapes {one.shape} and {other.shape}")
        require_shape(y, [b if a == 1 else a for a, b in pairs][::-1], one, other)


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
    "MIRROR_PAD", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "ONE_HOT", "TRANSPOSE_CONV",
    "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND", "SCATTER_ND", "RANGE",
}  # fmt: skip
_SAME = """QUANTIZE DEQUANTIZE SOFTMAX LOG_SOFTMAX LOGISTIC RELU RELU6 RELU_N1_TO_1 RELU_0_TO_1 TANH ELU HARD_SWISH GELU
LEAKY_RELU ABS NEG EXP LOG SQRT RSQRT SIN COS SQUARE FLOOR CEIL ROUND SIGN CAST LOGICAL_NOT ZEROS_LIKE""".split()
_BROADCAST = """ADD SUB MUL DIV MAXIMUM MINIMUM SQUARED_DIFFERENCE POW FLOOR_DIV FLOOR_MOD LESS LESS_EQUAL GREATER
GREATER_EQUAL EQUAL NOT_EQUAL LOGICAL_AND LOGICAL_OR ATAN2""".split()
RULES: dict[str, Rule] = {
    **dict.fromkeys(_SAME, _same),
    **dict.fromkeys(_BROADCAST, _broadcast),
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D"), convolution),
    **dict.fromkeys(("MAX_POOL_2D", "AVERAGE_POOL_2D"), pooling),
    "FULLY_CONNECTED": dense,
    "RESHAPE": _reshape,
    "SLICE": _slice,
    **dict.fromkeys(("PAD", "PADV2"), _pad),
    "TRANSPOSE": _transpose,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": lstm,
    "other": _other,
}
