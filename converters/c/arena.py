"""Where activations lie in one block of memory that they take turns in."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

ALIGNMENT = 16  # bytes


@dataclasses.dataclass(frozen=True)
class Buffer:
    """Memory that is needed from step `first` to step `last` of a graph."""

    bytes: int
    first: int
    last: int

    def overlaps(self, other: Buffer) -> bool:
        """Whether both are needed at one time."""
        return self.first <= other.last and other.first <= self.last


def plan(buffers: Sequence[Buffer]) -> tuple[list[int], int]:
    """The offset of each buffer, and the bytes of all.

    The largest are placed first, each as low as those that it meets allow (Y. Pisarchyk and J. Lee 2020, Efficient
    memory management for deep neural net inference: greedy by size).
    """
    offsets = [0] * len(buffers)
    placed: list[int] = []
    for index in sorted(range(len(buffers)), key=lambda index: -buffers[index].bytes):
        taken = sorted(
            (offsets[other], offsets[other] + buffers[other].bytes)
            for other in placed
            if buffers[other].overlaps(buffers[index])
        )
        for begin, end in taken:
            if offsets[index] + buffers[index].bytes <= begin:
                break
            offsets[index] = max(offsets[index], _aligned(end))
        placed.append(index)
    return offsets, max((offsets[index] + _aligned(buffers[index].bytes) for index in placed), default=0)


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
