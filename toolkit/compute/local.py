"""The same work on many items, in several processes: results as they are done, or in the items' order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from typing import Any, TypeVar

from ...runtime.errors import Failure, ParameterError

Item, Result = TypeVar("Item"), TypeVar("Result")


def require_jobs(jobs: int) -> None:
    """Raises ParameterError for 0 processes."""
    if jobs == 0:
        raise ParameterError("jobs=0: expected a number of processes, or -1 for one per core")


def results(function: Callable[[Item], Result], items: Iterable[Item], jobs: int = 1) -> Iterator[tuple[int, Result]]:
    """(place of an item, ``function(item)``), as they are done; `items` are taken as they are needed.

    Args:
        function: what to do with each item; can be pickled.
        items: any number of them.
        jobs: processes, -1 for one on each core. Where joblib is missing there is one.

    Raises:
        Failure: a process was killed.
    """
    require_jobs(jobs)
    try:
        import joblib
    except ImportError:
        jobs = 1
    if jobs == 1:
        return ((place, function(item)) for place, item in enumerate(items))
    work = (joblib.delayed(_numbered)(function, place, item) for place, item in enumerate(items))
    return _whole(joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")(work))


def _numbered(function: Callable[[Item], Result], place: int, item: Item) -> tuple[int, Result]:
    return place, function(item)


def _whole(arriving: Iterator[Any]) -> Iterator[Any]:
    try:
        yield from arriving
    except BrokenExecutor as error:
        raise Failure(
            "one of the processes was killed, perhaps because memory ran out; run the same command again with fewer "
            "--jobs"
        ) from error


def in_order(arriving: Iterable[tuple[int, Result]]) -> Iterator[Result]:
    """The results of `arriving` in the order of their places, each as soon as those before it are there."""
    waiting: dict[int, Result] = {}
    due = 0
    for place, result in arriving:
        waiting[place] = result
        while due in waiting:
            yield waiting.pop(due)
            due += 1
