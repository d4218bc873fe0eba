"""The same work on many things, in several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

Thing = TypeVar("Thing")
Result = TypeVar("Result")


def results_in_order(work: Callable[[Thing], Result], things: Sequence[Thing], jobs: int) -> Iterable[Result]:
    """What `work` makes of each thing, in their order, as soon as it is there.

    Args:
        work: a function that can be sent to another process.
        things: what to work on.
        jobs: processes; -1 for one on each core. Where joblib is missing there is one.
    """
    try:
        import joblib
    except ImportError:
        jobs = 1
    if jobs == 1 or len(things) < 2:
        return map(work, things)
    return joblib.Parallel(n_jobs=jobs, return_as="generator")(joblib.delayed(work)(thing) for thing in things)
