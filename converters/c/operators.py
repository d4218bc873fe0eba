"""TFLite's operators as calls of genrekit.h's layers, one function an operator.

A tensor's first dimension is the batch of one; the others are [height, width, channels] as genrekit.h has them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from ...runtime.errors import UnsupportedModelError
from ...runtime.modelfile.tflite_tables import GraphTable, OperatorTable, TensorTable
from . import fixed_point
from .text import array, number, numbers

UNITS_STEP = 16  # to whose multiples the units of a float layer are filled up
SAME = 0  # schema.fbs, Padding
ACTIVATIONS = {0: (-math.inf, math.inf), 1: (0.0, math.inf), 2: (-1.0, 1.0), 3: (0.0, 6.0)}  # ActivationFunctionType
KERNELS = ("kernels_base.c", "kernels_avx2.c", "kernels_avx512.c")  # compiled once a set of instructions
# Inputs of an LSTM: kernels, recurrent kernels and biases of the gates i, f, c, o; what it keeps.
LSTM_WEIGHTS = ((1, 2, 3, 4), (5, 6, 7, 8), (12, 13, 14, 15))
LSTM_STATE, LSTM_CELL = 18, 19
LSTM_SUMS = 2.0**-12  # the scale of its gates' sums in int16


@dataclasses.dataclass(frozen=True)
class Layer:
    """One call of a layer.

    Attributes:
        call: the C statement, with {x}, {x2}, {y} and {work} where pointers go.
        inputs, output: tensors of the graph.
        constants: C definitions that the call refers to.
        sources: files of runtime/c/layers that it needs, beside the headers that these include.
        work_bytes: memory that it needs while it runs.
    """

    call: str
    inputs: tuple[int, ...]
    output: int
    constants: str = ""
    sources: tuple[str, ...] = ()
    work_bytes: int = 0


@dataclasses.dataclass(frozen=True)
class View:
    """A tensor that is a part of another, or another shape of all of it: nothing is computed."""

    input: int
    output: int
    offset: int = 0  # bytes


class Operator:
    """An operator of a graph, its tensors, and the name of its constants in C."""

    def __init__(self, table: OperatorTable, graph: GraphTable, index: int) -> None:
        self.table, self.graph = table, graph
        self.name = f"{table.name.lower()}_{index}"

    def refuse(self, what: str, expected: str) -> UnsupportedModelError:
        """The error of an operator that genrekit.h has no layer for."""
        return UnsupportedModelError(
            f"target=c: operator {self.table.name} with {what}: expected {expected}; change that layer of the model, "
            "or export it for another target"
        )

    def tensor(self, index: int) -> TensorTable | None:
        """Input `index`; None where it is left out."""
        inputs = self.table.inputs
        return self.graph.tensors[inputs[index]] if index < len(inputs) and inputs[index] >= 0 else None

    def taken(self, index: int) -> TensorTable:
        """Input `index`, which is there."""
        return self.graph.tensors[self.table.inputs[index]]

    @property
    def output(self) -> TensorTable:
        """What it makes."""
        return self.graph.tensors[self.table.outputs[0]]

    def constant(self, index: int) -> np.ndarray:
        """What input `index` always holds."""
        tensor = self.taken(index)
        if not len(tensor.content):
            raise self.refuse("weights that are computed", "weights that are constants")
        return np.frombuffer(tensor.content, tensor.dtype).reshape(tensor.shape)

    def option(self, field: int, form: str, default: int = 0) -> int | float:
        """A number among the options of the operator, by its field in schema.fbs."""
        if self.table.options is None:
            return default
        found: int | float = self.table.options.scalar(field, form, default)
        return found

    def activation(self, field: int) -> tuple[float, float]:
        """To what its output is clamped."""
        kind = int(self.option(field, "<b"))
        if kind not in ACTIVATIONS:
            raise self.refuse(f"activation {kind}", "none, relu or relu6")
        return ACTIVATIONS[kind]

    def in_float(self) -> bool:
        """Whether it computes in float32, rather than in int8."""
        types = self.taken(0).dtype, self.output.dtype
        if types not in (("float32", "float32"), ("int8", "int8")):
            raise self.refuse(f"{types[0]} and {types[1]}", "float32 or int8")
        return types[0] == "float32"

    def layer(
        self, call: str, *sources: str, constants: str = "", work_bytes: int = 0, inputs: tuple[int, ...] = (0,)
    ) -> Layer:
        """A call that takes the `inputs` of those that the operator has."""
        taken = tuple(self.table.inputs[index] for index in inputs)
        return Layer(call, taken, self.table.outputs[0], constants, sources, work_bytes)


def _geometry(operator: Operator, kernel: tuple[int, int]) -> str:
    """genrekit_geometry of an operator with padding, stride_w and stride_h for its first options."""
    x, y = operator.taken(0), operator.output
    if x.shape[0] != 1:
        raise operator.refuse(f"a batch of {x.shape[0]}", "1")
    strides = int(operator.option(2, "<i")), int(operator.option(1, "<i"))
    pads = [
        max((out - 1) * stride + side - size, 0) // 2 if operator.option(0, "<b") == SAME else 0
        for out, stride, side, size in zip(y.shape[1:3], strides, kernel, x.shape[1:3], strict=True)
    ]
    return f"{{{numbers((*x.shape[1:], *kernel, *strides, *pads, *y.shape[1:3]))}}}"


def _convolution(operator: Operator) -> Layer:
    deep = operator.table.name == "DEPTHWISE_CONV_2D"
    weights, x = operator.taken(1), operator.taken(0)
    dilations = [operator.option(field, "<i", 1) for field in ((5, 6) if deep else (4, 5))]
    if dilations != [1, 1]:
        raise operator.refuse(f"dilations {dilations}", "none")
    if not deep and weights.shape[3] != x.shape[3]:
        raise operator.refuse("groups", "one group")
    geometry = _geometry(operator, (weights.shape[1], weights.shape[2]))
    return _weighted(operator, geometry, operator.activation(4 if deep else 3), deep)


def _dense(operator: Operator) -> Layer:
    size, positions = operator.taken(1).shape[1], operator.taken(0).elements // operator.taken(1).shape[1]
    geometry = f"{{{numbers((1, positions, size, 1, 1, 1, 1, 0, 0, 1, positions))}}}"
    return _weighted(operator, geometry, operator.activation(0))


def _weighted(operator: Operator, geometry: str, activation: tuple[float, float], deep: bool = False) -> Layer:
    """genrekit_conv or genrekit_conv_int8 of weights [units, ..., inputs], or deep ones [1, ..., units]."""
    in_float, weights = operator.in_float(), operator.constant(1)
    if weights.dtype.name != ("float32" if in_float else "int8"):
        raise operator.refuse(f"weights in {weights.dtype.name}", "float32, or int8 throughout")
    last_units = weights.reshape(-1, weights.shape[-1]) if deep else weights.reshape(len(weights), -1).T
    units = last_units.shape[1]
    kind = np.float32 if in_float else np.int32
    bias = operator.constant(2) if operator.tensor(2) is not None else np.zeros(units, kind)
    name, layer = operator.name, "depthwise" if deep else "conv"
    sources: tuple[str, ...]
    if in_float:
        spare = -units % UNITS_STEP if not deep else 0
        arrays = array(f"{name}_weights", np.pad(last_units, ((0, 0), (0, spare))).ravel())
        arrays += array(f"{name}_bias", np.pad(bias, (0, spare)))
        least, most = (_bound(value) for value in activation)
        struct = f"{geometry}, {units}, {name}_weights, {name}_bias, {least}, {most}"
        if deep:
            call, sources = f"genrekit_depthwise_run(&{name}, {{x}}, {{y}});", ("depthwise.c",)
        else:
            call = f"genrekit_conv_run(&{name}, instructions, {{x}}, {{y}});"
            sources = ("conv.c", *KERNELS)
    else:
        x, y = operator.taken(0), operator.output
        multipliers, shifts = fixed_point.of_units(x, operator.taken(1), y, units)
        arrays = array(f"{name}_weights", (last_units if deep else last_units.T).ravel())
        arrays += array(f"{name}_bias", bias)
        arrays += array(f"{name}_multipliers", multipliers) + array(f"{name}_shifts", shifts)
        ends = numbers((x.zero_points[0], y.zero_points[0], *fixed_point.clamp(y, *activation)))
        struct = f"{geometry}, {units}, {name}_weights, {name}_bias, {name}_multipliers, {name}_shifts, {ends}"
        work = "" if deep else ", {work}"
        call, sources = f"genrekit_{layer}_int8_run(&{name}, {{x}}{work}, {{y}});", (f"{layer}_int8.c",)
    kind_in_c = f"genrekit_{layer}" if in_float else "genrekit_conv_int8"
    return operator.layer(
        call,
        *sources,
        constants=f"{arrays}static const {kind_in_c} {name} = {{{struct}}};\n",
        work_bytes=0 if in_float or deep else 2 * len(last_units),
    )


def _bound(value: float) -> str:
    return number(value) if math.isfinite(value) else f"{'-' if value < 0 else ''}FLT_MAX"


def _pool(operator: Operator) -> Layer:
    if operator.activation(5) != ACTIVATIONS[0]:
        raise operator.refuse("an activation", "none")
    x, y = operator.taken(0), operator.output
    if (x.scales, x.zero_points) != (y.scales, y.zero_points):
        raise operator.refuse("another scale behind it", "the same scale")
    name = operator.name
    geometry = _geometry(operator, (int(operator.option(4, "<i")), int(operator.option(3, "<i"))))
    kind = "max_pool" if operator.table.name == "MAX_POOL_2D" else "average_pool"
    suffix = "" if operator.in_float() else "_int8"
    return operator.layer(
        f"genrekit_{kind}{suffix}_run(&{name}, {{x}}, {{y}});",
        f"pool{suffix}.c",
        constants=f"static const genrekit_geometry {name} = {geometry};\n",
    )


def _softmax(operator: Operator) -> Layer:
    x, name = operator.taken(0), operator.name
    count, beta = x.shape[-1], float(operator.option(0, "<f"))
    rows = x.elements // count
    if operator.in_float():
        return operator.layer(f"genrekit_softmax_run({rows}, {count}, {number(beta)}, {{x}}, {{y}});", "softmax.c")
    y = operator.output
    if (y.scales, y.zero_points) != ((1 / 256,), (-128,)):
        raise operator.refuse(f"an output in steps of {y.scales[0]:g} from {y.zero_points[0]}", "1/256 from -128")
    struct = numbers((rows, count, *fixed_point.softmax(x, beta)))
    return operator.layer(
        f"genrekit_softmax_int8_run(&{name}, {{x}}, {{y}});",
        "softmax_int8.c",
        constants=f"static const genrekit_softmax_int8 {name} = {{{struct}}};\n",
    )


def _quantize(operator: Operator) -> Layer:
    """QUANTIZE of float32 and DEQUANTIZE of int8."""
    x, y = operator.taken(0), operator.output
    if (x.dtype, y.dtype) not in (("float32", "int8"), ("int8", "float32")):
        raise operator.refuse(f"{x.dtype} and {y.dtype}", "float32 and int8")
    which, whole = ("quantize", y) if y.dtype == "int8" else ("dequantize", x)
    return operator.layer(quantizing(which, whole), "quantize.c")


def quantizing(which: str, whole: TensorTable, x: str = "{x}", y: str = "{y}") -> str:
    """The call that brings floats to the numbers of `whole` (quantize) or these to floats (dequantize)."""
    return f"genrekit_{which}_run({whole.elements}, {number(whole.scales[0])}, {whole.zero_points[0]}, {x}, {y});"


def _add(operator: Operator) -> Layer:
    a, b, y, name = operator.taken(0), operator.taken(1), operator.output, operator.name
    if a.shape != b.shape or len(a.content) or len(b.content):
        raise operator.refuse(f"shapes {a.shape} and {b.shape}", "two computed tensors of one shape")
    least, most = operator.activation(0)
    if operator.in_float():
        call = f"genrekit_add_run({y.elements}, {_bound(least)}, {_bound(most)}, {{x}}, {{x2}}, {{y}});"
        return operator.layer(call, "add.c", inputs=(0, 1))
    # TFLite's AddOpData: both inputs, with 20 bits to the left, over twice the larger scale.
    largest = 2 * max(a.scales[0], b.scales[0])
    inputs = [fixed_point.multiplier(tensor.scales[0] / largest) for tensor in (a, b)]
    output = fixed_point.multiplier(largest / (2**20 * y.scales[0]))
    zeros = f"{{{a.zero_points[0]}, {b.zero_points[0]}}}"
    multipliers = f"{{{inputs[0][0]}, {inputs[1][0]}}}, {{{inputs[0][1]}, {inputs[1][1]}}}"
    ends = numbers((y.zero_points[0], *output, *fixed_point.clamp(y, least, most)))
    struct = f"{y.elements}, {zeros}, {multipliers}, {ends}"
    return operator.layer(
        f"genrekit_add_int8_run(&{name}, {{x}}, {{x2}}, {{y}});",
        "add_int8.c",
        constants=f"static const genrekit_add_int8 {name} = {{{struct}}};\n",
        inputs=(0, 1),
    )


def _mean(operator: Operator) -> Layer:
    """Over height and width."""
    x, y, name = operator.taken(0), operator.output, operator.name
    axes = {axis % len(x.shape) for axis in operator.taken(1).integers() or ()}
    if len(x.shape) != 4 or axes != {1, 2}:
        raise operator.refuse(f"axes {sorted(axes)} of {len(x.shape)}", "height and width")
    sides, channels = x.shape[1:3], x.shape[3]
    if operator.in_float():
        geometry = f"{{{numbers((*sides, channels, *sides, *sides, 0, 0, 1, 1))}}}"
        return operator.layer(
            f"genrekit_average_pool_run(&{name}, {{x}}, {{y}});",
            "pool.c",
            constants=f"static const genrekit_geometry {name} = {geometry};\n",
        )
    cells = math.prod(sides)
    ends = (x.zero_points[0], y.zero_points[0], *fixed_point.of_mean(x.scales[0] / y.scales[0], cells))
    return operator.layer(
        f"genrekit_mean_int8_run(&{name}, {{x}}, {{y}});",
        "mean_int8.c",
        constants=f"static const genrekit_mean_int8 {name} = {{{numbers((cells, channels, *ends))}}};\n",
    )


def _lstm(operator: Operator) -> Layer:
    """The fused LSTM of Keras: no peepholes, projection, norms or clips; it starts from zeros with every window."""
    if any(operator.tensor(index) is not None for index in (9, 10, 11, 16, 17, 20, 21, 22, 23)):
        raise operator.refuse("peepholes, a projection or norms", "none")
    if operator.option(1, "<f") or operator.option(3, "<B") or operator.option(0, "<b") not in (0, 4):
        raise operator.refuse("a clip, time for its first axis or another activation", "Keras' LSTM")
    _, steps, inputs = operator.taken(0).shape
    name, units = operator.name, operator.output.shape[-1]
    in_float = operator.in_float()
    if operator.taken(1).dtype != ("float32" if in_float else "int8"):
        raise operator.refuse(f"weights in {operator.taken(1).dtype}", "float32, or int8 throughout")
    kernel, recurrent, bias = (np.stack([operator.constant(index) for index in of]) for of in LSTM_WEIGHTS)
    spare = -4 * units % UNITS_STEP
    if in_float:
        kernel, recurrent = (gates.reshape(4 * units, -1).T for gates in (kernel, recurrent))
        kernel, recurrent = (np.pad(gates, ((0, 0), (0, spare))) for gates in (kernel, recurrent))
        bias = np.pad(bias.ravel(), (0, spare))
    arrays = "".join(
        array(f"{name}_{part}", values.ravel())
        for part, values in (("kernel", kernel), ("recurrent", recurrent), ("bias", bias))
    )
    struct = f"{numbers((steps, inputs, units))}, {name}_kernel, {name}_recurrent, {name}_bias"
    if in_float:
        return operator.layer(
            f"genrekit_lstm_run(&{name}, instructions, {{x}}, {{work}}, {{y}});",
            "lstm.c",
            *KERNELS,
            constants=f"{arrays}static const genrekit_lstm {name} = {{{struct}}};\n",
            work_bytes=4 * (steps + 2) * (4 * units + spare),
        )
    return operator.layer(
        f"genrekit_lstm_int8_run(&{name}, {{x}}, {{work}}, {{y}});",
        "lstm_int8.c",
        constants=f"{arrays}static const genrekit_lstm_int8 {name} = {{{struct}, {_lstm_scales(operator)}}};\n",
        work_bytes=2 * (6 * units + inputs),
    )


def _lstm_scales(operator: Operator) -> str:
    """What genrekit_lstm_int8 holds behind its weights; as tflite-micro's lstm_shared and its preparation have it."""
    x, state, cell = (operator.taken(index) for index in (0, LSTM_STATE, LSTM_CELL))
    columns = []
    for before, weights in ((x, LSTM_WEIGHTS[0]), (state, LSTM_WEIGHTS[1])):
        products = [np.float32(before.scales[0]) * np.float32(operator.taken(index).scales[0]) for index in weights]
        pairs = [fixed_point.multiplier(float(product) / LSTM_SUMS) for product in products]
        columns += [f"{{{numbers(column)}}}" for column in zip(*pairs, strict=True)]
    outward = fixed_point.multiplier(2**-30 / state.scales[0])
    power = round(math.log2(cell.scales[0]))
    return f"{', '.join(columns)}, {numbers((*outward, x.zero_points[0], state.zero_points[0], power, 0))}"


def _reshape(operator: Operator) -> View:
    return View(operator.table.inputs[0], operator.table.outputs[0])


def _slice(operator: Operator) -> View:
    """A part that lies in one piece."""
    x, y, begins = operator.taken(0), operator.output, operator.taken(1).integers()
    if begins is None:
        raise operator.refuse("a begin that is computed", "constants")
    cut = next((axis for axis, side in enumerate(y.shape) if side > 1), len(y.shape))
    if y.shape[cut + 1 :] != x.shape[cut + 1 :]:
        raise operator.refuse(f"{y.shape} of {x.shape}", "one piece of memory")
    start = sum(begin * math.prod(x.shape[axis + 1 :]) for axis, begin in enumerate(begins))
    return View(operator.table.inputs[0], operator.table.outputs[0], start * (x.bytes // x.elements))


OPERATORS: dict[str, Callable[[Operator], Layer | View]] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _convolution,
    "FULLY_CONNECTED": _dense,
    "MAX_POOL_2D": _pool,
    "AVERAGE_POOL_2D": _pool,
    "MEAN": _mean,
    "ADD": _add,
    "SOFTMAX": _softmax,
    "QUANTIZE": _quantize,
    "DEQUANTIZE": _quantize,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _lstm,
    "RESHAPE": _reshape,
    "EXPAND_DIMS": _reshape,
    "SQUEEZE": _reshape,
    "SLICE": _slice,
}


def translate(graph: GraphTable) -> list[Layer | View]:
    """What computes `graph`, in its order; raises UnsupportedModelError, which names an operator that is not here."""
    found = []
    for index, table in enumerate(graph.operators):
        if table.name not in OPERATORS:
            raise UnsupportedModelError(
                f"target=c: operator {table.name}: expected {', '.join(OPERATORS)}; change that layer of the model, or "
                "export it for another target"
            )
        found.append(OPERATORS[table.name](Operator(table, graph, index)))
    return found
