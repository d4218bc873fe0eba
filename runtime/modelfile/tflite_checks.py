"""What the rules of TFLite's operators ask of tensors and options."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .flatbuffer import Table
from .malformed import MalformedError
from .tflite_tables import GraphTable, OperatorTable, TensorTable

MAX_PRODUCTS = 2e10  # multiplications of one operator: seconds of a slow machine
ACTIVATIONS = range(5)  # schema.fbs, ActivationFunctionType: none to tanh
REAL, WHOLE = {"float32"}, {"int8", "uint8", "int16"}

Taken = Sequence[TensorTable | None]
Rule = Callable[[OperatorTable, Taken, Sequence[TensorTable], GraphTable], None]


def require(holds: bool, message: str) -> None:
    """Raise MalformedError with the `message` unless it `holds`."""
    if not holds:
        raise MalformedError(message)


def require_shape(tensor: TensorTable, expected: Sequence[int], *others: TensorTable) -> None:
    """`tensor` has the shape `expected`, where neither it nor the `others` have open dimensions."""
    if tensor.static and all(other.static for other in others):
        require(tensor.shape == tuple(expected), f"{tensor.name[:80]!r} of shape {tensor.shape}, not {tuple(expected)}")


def require_scaled(tensor: TensorTable) -> None:
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


def given_all(taken: Taken) -> list[TensorTable]:
    """`taken`, of which none is left out."""
    require(None not in taken, "an input that is left out")
    return [tensor for tensor in taken if tensor is not None]


def options_of(operator: OperatorTable) -> Table:
    """The options of an operator that has some."""
    if operator.options is None:
        raise MalformedError("no options")
    return operator.options


def require_activation(options: Table, field: int) -> None:
    """The fused activation in `field` exists."""
    require(options.scalar(field, "<b") in ACTIVATIONS, "an activation that does not exist")
