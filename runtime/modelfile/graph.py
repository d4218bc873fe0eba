"""What a model consists of: its operators and the tensors at its ends."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Tensor:
    """One end of a model.

    Attributes:
        name: as the graph calls it.
        shape: None where a dimension is open.
        dtype: numpy's name.
        scale, zero_point: ``real = scale * (quantised - zero_point)``; None for a tensor that is not quantised.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    scale: float | None = None
    zero_point: int | None = None


@dataclasses.dataclass(frozen=True)
class OperatorKind:
    """What operators of a model have in common that an engine runs or does not.

    Attributes:
        name: as the format has it.
        version: of the operator in TFLite, of its operator set in ONNX.
        types: numpy's names of what the tensors hold that it takes, "" where one is left out; not told of ONNX.
    """

    name: str
    version: int
    types: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Graph:
    """What a model consists of.

    Attributes:
        ops: name of each operator: count, most frequent first.
        inputs, outputs: the tensors at its ends.
        kinds: of operators.
        metadata: names of what a .tflite carries beside its graph.
    """

    ops: dict[str, int]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    kinds: frozenset[OperatorKind] = frozenset()
    metadata: frozenset[str] = frozenset()
