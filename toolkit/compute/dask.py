"""Work on a Dask cluster; workers that are killed cost nothing but time."""

# mypy: disallow-untyped-calls=False
from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

from ...runtime.errors import Failure, GenrekitError, ParameterError, first_words
from .executor import Item, Result
from .software import software

if TYPE_CHECKING:
    from distributed import Future

CONNECT_S = 3.0  # how long a scheduler may take to answer
PATIENCE_S = 60.0  # how long a cluster may have no workers
PENDING_PER_THREAD = 4  # items on their way, so that no worker waits for the next one


class Cluster(contextlib.AbstractContextManager["Cluster"]):
    """An `Executor`: a scheduler that answers, with workers that compute as this process does. Used in ``with``.

    Args:
        address: as ``dask scheduler`` prints it, for instance ``tcp://10.0.0.5:8786``.

    Raises:
        ParameterError: there is no scheduler, it has no workers, or it or they have other software than this process.
    """

    remote = True

    def __init__(self, address: str) -> None:
        import distributed

        # Dask logs every worker that comes and goes; what matters of it is reported in sentences.
        for name in list(logging.root.manager.loggerDict):
            if name.split(".")[0] == "distributed":
                logging.getLogger(name).setLevel(logging.CRITICAL)
        self._address = address
        try:
            asyncio.run(asyncio.wait_for(_asked(address), CONNECT_S))
        except Exception as error:  # Dask raises whatever its parts raise
            raise ParameterError(
                f"dask={address}: expected the address of a Dask scheduler, for instance tcp://10.0.0.5:8786, but "
                f"nobody answers there ({first_words(error) if str(error) else 'no answer in time'}); start one with "
                "`dask scheduler`, or correct the address"
            ) from error
        self._client = distributed.Client(address, timeout=PATIENCE_S, set_as_default=False)
        try:
            self._require_workers()
        except BaseException:
            self._client.close()
            raise

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def results(
        self, function: Callable[[Item], Result], items: Iterable[Item], lost: Callable[[Item], Result]
    ) -> Iterator[tuple[int, Result]]:
        """As `Executor.results`; few items are on their way at a time. Raises Failure where the cluster is gone."""
        suspects = []
        for index, item, results in self._finished(function, enumerate(items), PENDING_PER_THREAD):
            yield from ((index, result) for result in results)
            if not results:
                suspects.append((index, item))
        # Dask gives up whatever was on a worker that was killed, not only the item that killed it: one after the other.
        for suspect in suspects:
            for index, item, results in self._finished(function, iter([suspect]), 1):
                yield index, results[0] if results else lost(item)

    def _finished(
        self, function: Callable[[Item], Result], numbered: Iterator[tuple[int, Item]], per_thread: int
    ) -> Iterator[tuple[int, Item, list[Result]]]:
        """Each index and item as it is done with its result; with [] where the workers that had it were killed."""
        pending: dict[Future[Result], tuple[int, Item]] = {}
        try:
            while True:
                with self._reached():
                    room = per_thread * max(1, sum(self._client.nthreads().values()))
                for index, item in itertools.islice(numbered, max(0, room - len(pending))):
                    with self._reached():
                        pending[self._client.submit(function, item, pure=False)] = index, item
                if not pending:
                    return
                for future, results in self._done(pending):
                    yield *pending.pop(future), results
        finally:
            with contextlib.suppress(OSError):  # of a cluster that is gone
                self._client.cancel(list(pending))

    def _done(self, pending: Iterable[Future[Result]]) -> list[tuple[Future[Result], list[Result]]]:
        """Those of `pending` that are done, with their results, fetched at once; none where it takes long."""
        from distributed import KilledWorker, wait

        try:
            with self._reached(), self._client.as_current():
                done = wait(list(pending), PATIENCE_S, "FIRST_COMPLETED").done
                failed = [future for future in done if future.status == "error"]
                killed = [future for future in failed if isinstance(future.exception(), KilledWorker)]
                finished = [future for future in done if future not in killed]
                values = self._client.gather(finished)  # raises what `function` has raised
        except TimeoutError:
            if self._client.nthreads():
                return []
            raise self._gone("has no workers any more") from None
        fetched = zip(finished, ([value] for value in values), strict=True)
        return [*fetched, *((future, []) for future in killed)]

    @contextlib.contextmanager
    def _reached(self) -> Iterator[None]:
        """Turns what Dask raises where a scheduler is gone into a sentence."""
        try:
            yield
        except (GenrekitError, TimeoutError):
            raise
        except (OSError, CancelledError) as error:
            raise self._gone(f"does not answer any more ({first_words(error)})") from error

    def _gone(self, what: str) -> Failure:
        return Failure(f"the cluster at {self._address} {what}; repair it and run the same command again")

    def _require_workers(self) -> None:
        """Other versions would give other features, which the cache must not mix with those of this process.

        The scheduler is asked, too: what is sent to workers passes through its hands, and it looks inside.
        """
        try:
            found: dict[str, Any] = self._client.run(software)
            if found:
                found["the scheduler"] = self._client.run_on_scheduler(software)
        except Exception as error:  # whatever importing it there raises
            raise ParameterError(
                f"dask={self._address}: expected a scheduler and workers that can import genrekit, but one says: "
                f"{first_words(error)}; install genrekit there"
            ) from error
        if not found:
            raise ParameterError(
                f"dask={self._address}: expected a scheduler with workers, found one with none; start some with "
                f"`dask worker {self._address}`"
            )
        for who, versions in found.items():
            if versions != software():
                raise ParameterError(
                    f"dask={self._address}: expected a scheduler and workers with {software()}, but {who} has "
                    f"{versions}; install the same versions there"
                )


async def _asked(address: str) -> None:
    """Return when a scheduler says who it is; a client would go on asking one that is silent."""
    import distributed

    arguments = distributed.Security().get_connection_args("client")
    async with distributed.rpc(address, timeout=CONNECT_S - 1, connection_args=arguments) as scheduler:
        await scheduler.identity()
