"""Work in parallel: processes on this machine, or a Dask cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from .executor import Executor, Processes, in_order

__all__ = ["Executor", "Processes", "in_order", "open_executor"]


@contextlib.contextmanager
def open_executor(jobs: int, dask: str | None = None) -> Iterator[Executor]:
    """Who works while the block runs: `jobs` processes here, or the cluster whose scheduler is at `dask`.

    Raises ParameterError where `jobs` is 0, or the cluster cannot serve.
    """
    here = Processes(jobs)
    if dask is None:
        yield here
        return
    from .dask import Cluster

    with Cluster(dask) as cluster:
        yield cluster
