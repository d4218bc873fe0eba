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
class Graph:
    """A model's operators (name: count, most frequent first) and the tensors at its ends."""

    ops: dict[str, int]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
