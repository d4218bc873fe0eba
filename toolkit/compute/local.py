"""Work in processes on this machine."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor

from ...runtime.errors import Failure, ParameterError
from .executor import Item, Result


@dataclasses.dataclass(frozen=True)
class Processes:
    """An `Executor`.

    Attributes:
        jobs: processes, -1 for one on each core. Where joblib is missing there is one.
        remote: no other machine takes part.

    Raises:
        ParameterError: `jobs` is 0.
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
        try:
            yield from joblib.Parallel(n_jobs=self.jobs, return_as="generator_unordered")(work)
        except BrokenExecutor as error:
            raise Failure(
                "one of the processes was killed, perhaps because memory ran out; run the same command again with "
                "fewer --jobs"
            ) from error


def _numbered(function: Callable[[Item], Result], index: int, item: Item) -> tuple[int, Result]:
    return index, function(item)
