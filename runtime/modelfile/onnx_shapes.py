"""The shapes that follow from one another in an ONNX graph, as far as its operators are those of our models.

ONNX Runtime checks shapes itself, but not what they cost: a product of two long vectors fills any memory.
Source: https://onnx.ai/onnx/operators/
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

from .malformed import MalformedError
from .onnx_tables import Constant, Node, OnnxGraph

Shape = tuple[int, ...]
# Shapes of the inputs, None of one that is left out; returns those of the outputs. `numbers` gives a constant input.
Rule = Callable[[Node, list[Shape], Callable[[int], "tuple[int, ...] | None"]], list[Shape]]

MAX_ACTIVATIONS = 2**26  # numbers in all tensors that are no constants
MAX_PRODUCTS = 2e10  # multiplications of one operator: seconds of a slow machine


def known_shapes(graph: OnnxGraph) -> dict[str, Shape]:
    """The shape of each tensor of `graph`, by its name, as far as they can be told; an open dimension counts as 1.

    Raises:
        MalformedError: shapes do not fit one another, or cost more than those of a model of sound.
    """
    constants = {constant.name: constant for constant in graph.constants}
    shapes: dict[str, Shape] = {constant.name: constant.shape for constant in graph.constants}
    for value in graph.inputs:
        if value.shape is not None:
            shapes.setdefault(value.name, tuple(1 if size is None else size for size in value.shape))
    total = 0
    for node in graph.nodes:
        if node.op == "Constant" and len(node.constants) == 1:
            constants[node.outputs[0]] = node.constants[0]
            shapes[node.outputs[0]] = node.constants[0].shape
            continue
        for name, shape in zip(node.outputs, _outputs(node, shapes, constants), strict=False):
            shapes[name] = shape
            total += math.prod(shape)
            if total > MAX_ACTIVATIONS:
                raise MalformedError(f"tensors of more than {MAX_ACTIVATIONS} numbers")
    return shapes


def _outputs(node: Node, shapes: dict[str, Shape], constants: dict[str, Constant]) -> list[Shape]:
    """Shapes of the results of `node`; none where they are not known."""
    if node.op not in RULES or not all(name in shapes for name in node.inputs if name):
        return []

    def numbers(index: int) -> tuple[int, ...] | None:
        constant = constants.get(node.inputs[index]) if index < len(node.inputs) else None
        return constant.values if constant else None

    try:
        return RULES[node.op](node, [shapes.get(name, ()) for name in node.inputs], numbers)
    except (IndexError, ValueError, ZeroDivisionError) as error:
        if isinstance(error, MalformedError):
            raise
        raise MalformedError(
            f"operator {node.op} of shapes {[shapes.get(name) for name in node.inputs[:4]]}"
        ) from error


def _require(holds: bool, node: Node, shapes: list[Shape]) -> None:
    if not holds:
        raise MalformedError(f"operator {node.op} of shapes {shapes[:4]}")


def _one(node: Node, name: str, default: int) -> int:
    return node.attributes.get(name, (default,))[0]


def _same(node: Node, shapes: list[Shape], numbers: object) -> list[Shape]:
    return shapes[:1]


def _dynamically_quantised(node: Node, shapes: list[Shape], numbers: object) -> list[Shape]:
    return [shapes[0], (), ()]


def _broadcast(node: Node, shapes: list[Shape], numbers: object) -> list[Shape]:
    return [_common(node, shapes)]


def _common(node: Node, shapes: list[Shape]) -> Shape:
    columns = list(itertools.zip_longest(*(shape[::-1] for shape in shapes), fillvalue=1))
    _require(all(len({*column} - {1}) <= 1 for column in columns), node, shapes)
    return tuple(max(column) if min(column) else 0 for column in columns)[::-1]


def _matmul(node: Node, shapes: list[Shape], numbers: object) -> list[Shape]:
    a, b = shapes[:2]
    _require(len(a) >= 1 and len(b) >= 1, node, shapes)
    rows, columns = (a[:-1] or (1,))[-1:], b[-1:] if len(b) > 1 else (1,)
    _require(a[-1] == (b[-2] if len(b) > 1 else b[0]), node, shapes)
    found = (*_common(node, [a[:-2], b[:-2]]), *rows, *columns)
    _require(math.prod(found) * a[-1] <= MAX_PRODUCTS, node, shapes)
    return [found] if len(a) > 1 and len(b) > 1 else []


def _gemm(node: Node, shapes: list[Shape], numbers: object) -> list[Shape]:
    a, b = shapes[:2]
    _require(len(a) == len(b) == 2, node, shapes)
    a = a[::-1] if _one(node, "transA", 0) else a
    b = b[::-1] if _one(node, "transB", 0) else b
    _require(a[1] == b[0] and math.prod((*a, b[1])) <= MAX_PRODUCTS, node, shapes)
    if len(shapes) > 2:
        _require(_common(node, [shapes[2], (a[0], b[1])]) == (a[0], b[1]), node, shapes)
    return [(a[0], b[1])]


def _convolution(node: Node, shapes: list[Shape], numbers: object) -> list[Shape]:
    x, weights = shapes[:2]
    _require(len(x) == len(weights) > 2, node, shapes)
    group, kernel = _one(node, "group", 1), weights[2:]
    _require(x[1] == weights[1] * group and weights[0] % group == 0, node, shapes)
    _require(len(shapes) < 3 or node.op != "Conv" or shapes[2] in ((), (weights[0],)), node, shapes)
    sizes = _windows(node, shapes, x[2:], node.attributes.get("kernel_shape", kernel))
    _require(node.attributes.get("kernel_shape", kernel) == kernel, node, shapes)
    _require(math.prod((x[0], *weights, *sizes)) <= MAX_PRODUCTS, node, shapes)
    return [(x[0], weights[0], *sizes)]


def _pooling(node: Node, shapes: list[Shape], numbers: object) -> list[Shape]:
    x, kernel = shapes[0], node.attributes.get("kernel_shape", ())
    found = (*x[:2], *_windows(node, shapes, x[2:], kernel))
    _require(math.prod((*found, *kernel)) <= MAX_PRODUCTS, node, shapes)
    return [found]


def _windows(node: Node, shapes: list[Shape], sides: Shape, kernel: Shape) -> Shape:
    """How often a window fits along each side; of automatic padding no more often than it does at most."""
    count = len(sides)
    strides, dilations = (node.attributes.get(name, (1,) * count) for name in ("strides", "dilations"))
    pads = node.attributes.get("pads", (0, 0) * count)
    _require(len(kernel) == len(strides) == len(dilations) == count and len(pads) == 2 * count > 0, node, shapes)
    if "auto_pad" in node.attributes and "pads" not in node.attributes:
        return tuple(-(-side // stride) for side, stride in zip(sides, strides, strict=True))
    _require(min(pads) >= 0, node, shapes)
    found = []
    for axis, side in enumerate(sides):
        free = side + pads[axis] + pads[axis + count] - dilations[axis] * (kernel[axis] - 1) - 1
        _require(free >= 0, node, shapes)
        found.append((-(-free // strides[axis]) if _one(node, "ceil_mode", 0) else free // strides[axis]) + 1)
    return tuple(found)


def _transpose(node: Node, shapes: list[Shape], numbers: object) -> list[Shape]:
    order = node.attributes.get("perm", tuple(range(len(shapes[0])))[::-1])
    _require(sorted(order) == list(range(len(shapes[0]))), node, shapes)
    return [tuple(shapes[0][axis] for axis in order)]


def _reshape(node: Node, shapes: list[Shape], numbers: Callable[[int], tuple[int, ...] | None]) -> list[Shape]:
    wanted = numbers(1)
    if wanted is None or _one(node, "allowzero", 0):
        return []
    sizes = [shapes[0][axis] if size == 0 else size for axis, size in enumerate(wanted)]
    _require(min(sizes, default=1) >= -1 and sizes.count(-1) <= 1, node, shapes)
    if -1 in sizes:
        sizes[sizes.index(-1)] = math.prod(shapes[0]) // -math.prod(sizes)
    _require(math.prod(sizes) == math.prod(shapes[0]), node, shapes)
    return [tuple(sizes)]


def _flatten(node: Node, shapes: list[Shape], numbers: object) -> list[Shape]:
    axis = _one(node, "axis", 1)
    return [(math.prod(shapes[0][:axis]), math.prod(shapes[0][axis:]))]


def _squeeze(node: Node, shapes: list[Shape], numbers: Callable[[int], tuple[int, ...] | None]) -> list[Shape]:
    axes = node.attributes.get("axes", numbers(1))
    if axes is None:
        return []
    x = shapes[0]
    _require(all(-len(x) <= axis < len(x) and x[axis] == 1 for axis in axes), node, shapes)
    dropped = {axis % len(x) for axis in axes}
    return [tuple(size for axis, size in enumerate(x) if axis not in dropped)]


def _gather(node: Node, shapes: list[Shape], numbers: object) -> list[Shape]:
    x, axis = shapes[0], _one(node, "axis", 0)
    _require(-len(x) <= axis < len(x), node, shapes)
    axis %= len(x)
    return [(*x[:axis], *shapes[1], *x[axis + 1 :])]


def _lstm(node: Node, shapes: list[Shape], numbers: object) -> list[Shape]:
    x, w, r = shapes[:3]
    units, quantised = _one(node, "hidden_size", 0), node.op == "DynamicQuantizeLSTM"  # whose weights are transposed
    _require(len(x) == len(w) == len(r) == 3 and units > 0 and w[0] == r[0] in (1, 2), node, shapes)
    expected = (4 * units, x[2]), (4 * units, units)
    _require((w[1:], r[1:]) == tuple(shape[:: -1 if quantised else 1] for shape in expected), node, shapes)
    _require(len(shapes) < 4 or shapes[3] in ((), (w[0], 8 * units)), node, shapes)
    _require(math.prod((*x[:2], 8, units, max(units, x[2]))) <= MAX_PRODUCTS, node, shapes)
    if _one(node, "layout", 0):
        return []
    return [(x[0], w[0], x[1], units), (w[0], x[1], units), (w[0], x[1], units)]


_SAME = """Abs BatchNormalization Cast Ceil Clip Cos DequantizeLinear Dropout Elu Erf Exp Floor Gelu
HardSigmoid HardSwish Identity LeakyRelu Log LogSoftmax Neg Not QuantizeLinear Reciprocal Relu Round
Selu Sigmoid Sign Sin Softmax Softplus Softsign Sqrt Tanh""".split()
_BROADCAST = """Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or PRelu Pow Sub Sum
Where Xor""".split()
RULES: dict[str, Rule] = {
    **dict.fromkeys(_SAME, _same),
    **dict.fromkeys(_BROADCAST, _broadcast),
    **dict.fromkeys(("Conv", "ConvInteger"), _convolution),
    **dict.fromkeys(("MaxPool", "AveragePool"), _pooling),
    **dict.fromkeys(("MatMul", "MatMulInteger"), _matmul),
    **dict.fromkeys(("LSTM", "DynamicQuantizeLSTM"), _lstm),
    "DynamicQuantizeLinear": _dynamically_quantised,
    "Flatten": _flatten,
    "Gather": _gather,
    "Gemm": _gemm,
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
}
