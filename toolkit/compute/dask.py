"""Work on a Dask cluster; workers that are killed cost nothing but time."""

# mypy: disallow-untyped-calls=False
from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ...runtime.errors import Failure, GenrekitError, ParameterError, first_words
from .executor import Item, Result
from .software import software

if TYPE_CHECKING:
    from distributed import Future

CONNECT_S = 3.0  # how long a scheduler may take to answer
PATIENCE_S = 60.0  # how long a cluster may have no workers
PENDING_PER_THREAD = 4  # items on their way, so that no worker waits for the next one
TURNS = 50  # of fetching results, after which workers are counted again
_LOST = object()


class Cluster:
    """An `Executor`: a scheduler that answers, with workers that compute as this process does. Used in ``with``.

    Args:
        address: as ``dask scheduler`` prints it, for instance ``tcp://10.0.0.5:8786``.

    Attributes:
        remote: files must be named by absolute paths.

    Raises:
        ParameterError: there is no scheduler, it has no workers, or it or they have other software than this process.
    """

    remote = True

    def __init__(self, address: str) -> None:
        import distributed

        _silence()
        _require_workers(address)
        self._address = address
        self._client = distributed.Client(address, timeout=PATIENCE_S, set_as_default=False)
        try:
            self._require_software()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the cluster."""
        self._client.close()

    def results(
        self, function: Callable[[Item], Result], items: Iterable[Item], lost: Callable[[Item], Result]
    ) -> Iterator[tuple[int, Result]]:
        """As `Executor.results`; few items are on their way at a time. Raises Failure where the cluster is gone."""
        numbered = enumerate(items)
        pending: dict[Future[Result], tuple[int, Item]] = {}
        suspects: list[tuple[int, Item]] = []
        try:
            for turn in itertools.count():
                if turn % TURNS == 0:
                    room = PENDING_PER_THREAD * max(1, self._threads())
                for index, item in itertools.islice(numbered, max(0, room - len(pending))):
                    with self._reached():
                        pending[self._client.submit(function, item, pure=False)] = index, item
                if not pending:
                    break
                for future, result in self._fetched(self._done(pending)):
                    index, item = pending.pop(future)
                    if result is _LOST:
                        suspects.append((index, item))
                    else:
                        yield index, result
            # Dask gives up whatever was on a worker that was killed, not only the item that killed it.
            for index, item in suspects:
                result = self._alone(function, item)
                yield index, lost(item) if result is _LOST else result
        finally:
            with contextlib.suppress(OSError):  # of a cluster that is gone
                self._client.cancel(list(pending))

    def _alone(self, function: Callable[[Item], Result], item: Item) -> Any:
        """The result of an item with which nothing else is on its way; `_LOST` where its workers were killed."""
        with self._reached():
            future = self._client.submit(function, item, pure=False)
        ((_, result),) = self._fetched(self._done({future: item}))
        return result

    def _threads(self) -> int:
        with self._reached():
            return sum(self._client.nthreads().values())

    def _done(self, pending: dict[Future[Any], Any]) -> Iterable[Future[Any]]:
        """Those of `pending` that are done, at least one."""
        from distributed import wait

        while True:
            try:
                with self._reached(), self._client.as_current():
                    done: Iterable[Future[Any]] = wait(list(pending), PATIENCE_S, "FIRST_COMPLETED").done
                    return done
            except TimeoutError:
                if not self._threads():
                    raise self._gone("has no workers any more") from None

    def _fetched(self, done: Iterable[Future[Any]]) -> Iterable[tuple[Future[Any], Any]]:
        """Each future with its result, fetched all at once; `_LOST` where its workers were killed."""
        from distributed import KilledWorker

        futures = list(done)
        with self._reached():
            failed = {future: future.exception() for future in futures if future.status == "error"}
            for error in failed.values():
                if not isinstance(error, KilledWorker):
                    raise error
            complete = [future for future in futures if future not in failed]
            return [*zip(complete, self._client.gather(complete), strict=True), *((future, _LOST) for future in failed)]

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

    def _require_software(self) -> None:
        """Other versions would give other features, which the cache must not mix with those of this process.

        The scheduler is asked, too: what is sent to workers passes through its hands, and it looks inside.
        """
        try:
            found = {"the scheduler": self._client.run_on_scheduler(software), **self._client.run(software)}
        except Exception as error:  # whatever importing it there raises
            raise ParameterError(
                f"dask={self._address}: expected a scheduler and workers that can import genrekit, but one says: "
                f"{first_words(error)}; install genrekit there"
            ) from error
        for who, versions in found.items():
            if versions != software():
                raise ParameterError(
                    f"dask={self._address}: expected a scheduler and workers with {software()}, but {who} has "
                    f"{versions}; install the same versions there"
                )


def _silence() -> None:
    """Dask logs every worker that comes and goes; what matters of it is reported in sentences."""
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)


def _require_workers(address: str) -> None:
    """Ask the scheduler who it is, before a client is made that would go on asking."""
    try:
        found = asyncio.run(asyncio.wait_for(_identity(address), CONNECT_S))
    except Exception as error:  # Dask raises whatever its parts raise
        raise ParameterError(
            f"dask={address}: expected the address of a Dask scheduler, for instance tcp://10.0.0.5:8786, but nobody "
            f"answers there ({first_words(error) if str(error) else 'no answer in time'}); start one with `dask "
            "scheduler`, or correct the address"
        ) from error
    if not found["n_workers"]:
        raise ParameterError(
            f"dask={address}: expected a scheduler with workers, found one with none; start some with "
            f"`dask worker {address}`"
        )


async def _identity(address: str) -> dict[str, Any]:
    import distributed

    arguments = distributed.Security().get_connection_args("client")
    async with distributed.rpc(address, timeout=CONNECT_S - 1, connection_args=arguments) as scheduler:
        identity: dict[str, Any] = await scheduler.identity()
        return identity
