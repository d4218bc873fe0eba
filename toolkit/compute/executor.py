"""The same work on many items: one call, whether processes here do it or a Dask cluster."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from typing import Protocol, TypeVar

from ...runtime.errors import Failure, ParameterError
from ...runtime.util.parent import end_with

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


@dataclasses.dataclass(frozen=True)
class Processes:
    """An `Executor`: `jobs` processes on this machine, -1 for one on each core. Where joblib is missing there is one.

    Raises ParameterError where `jobs` is 0.
    """

    jobs: int = 1
    remote: bool = dataclasses.field(default=False, init=False)

    def __post_init__(self) -> None:
        if self.jobs == 0:
            raise ParameterError("jobs=0: expected a number of processes, or -1 for one per core")

    def results(
        self, function: Callable[[Item], Result], items: Iterable[Item], lost: Callable[[Item], Result] | None = None
    ) -> Iterator[tuple[int, Result]]:
        """As `Executor.results`; raises Failure where a process was killed, so that nothing is ever `lost`."""
        try:
            import joblib
        except ImportError:
            joblib = None
        if joblib is None or self.jobs == 1:
            yield from ((index, function(item)) for index, item in enumerate(items))
            return
        work = (joblib.delayed(_numbered)(function, index, item) for index, item in enumerate(items))
        own = {"initializer": end_with, "initargs": (os.getpid(),)}  # of each process, before it waits for work
        try:
            yield from joblib.Parallel(n_jobs=self.jobs, backend="loky", return_as="generator_unordered", **own)(work)
        except BrokenExecutor as error:
            raise Failure(
                "one of the processes was killed, perhaps because memory ran out; run the same command again with "
                "fewer --jobs"
            ) from error


def _numbered(function: Callable[[Item], Result], index: int, item: Item) -> tuple[int, Result]:
    return index, function(item)


def in_order(arriving: Iterable[tuple[int, Result]]) -> Iterator[Result]:
    """The results of `arriving` in the order of their indices, each as soon as those before it are there."""
    waiting: dict[int, Result] = {}
    due = 0
    for index, result in arriving:
        waiting[index] = result
        while due in waiting:
            yield waiting.pop(due)
            due += 1
