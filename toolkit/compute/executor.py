"""The same work on many items: one call, whether processes here do it or a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Executor(Protocol):
    """Who does the work."""

    @property
    def remote(self) -> bool:
        """Whether other machines do it, which find files under the same absolute paths."""
        ...

    def results(
        self, function: Callable[[Item], Result], items: Iterable[Item], lost: Callable[[Item], Result]
    ) -> Iterator[tuple[int, Result]]:
        """(index of an item, ``function(item)``), as they are done; `items` are taken as they are needed.

        Args:
            function: what to do with each item; can be pickled.
            items: any number of them.
            lost: the result of an item that killed whoever worked on it, where the others can go on.

        Raises:
            Failure: the work cannot go on.
        """
        ...


def in_order(arriving: Iterable[tuple[int, Result]]) -> Iterator[Result]:
    """The results of `arriving` in the order of their indices, each as soon as those before it are there."""
    waiting: dict[int, Result] = {}
    due = 0
    for index, result in arriving:
        waiting[index] = result
        while due in waiting:
            yield waiting.pop(due)
            due += 1
