"""Between a source that does not wait and a model that may be slow: a bounded queue that counts what it drops."""

from __future__ import annotations

import collections
import threading
import time
from collections.abc import Callable, Iterable, Iterator

import numpy as np

LEAD_S = 1.0  # that audio may come before its time where pacing is loose: what a pipe held before it was read
DRIFT = 0.01  # fraction by which the clock of a source may be fast
LEAVING_S = 1.0  # how long to wait for a source that is blocked; after that the process may end without it


class RealtimeQueue:
    """Reads `blocks` in a thread of its own; when the reader lags more than `limit_s`, the oldest audio is dropped.

    Iterating yields ``(time_s, samples, dropped_s)``: when the block began, the block, and how many seconds
    were dropped just before it.

    Args:
        blocks: mono float32 blocks at `sample_rate`.
        sample_rate: Hz.
        limit_s: seconds of audio that may wait.
        paced: hold each block back until its time has come, as a microphone would.
        loosely: hold back only what is more than `LEAD_S` early, and never a live source whose clock is a little fast.
        clock, sleep: the time, injected so that it can be simulated.
    """

    def __init__(
        self,
        blocks: Iterable[np.ndarray],
        sample_rate: int,
        limit_s: float,
        paced: bool = False,
        loosely: bool = False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._blocks, self._sample_rate, self._limit = blocks, sample_rate, round(limit_s * sample_rate)
        self._pace = (1 + DRIFT, LEAD_S) if loosely else (1.0, 0.0)
        self._paced, self._clock, self._sleep = paced, clock, sleep
        self._waiting: collections.deque[np.ndarray] = collections.deque()
        self._changed = threading.Condition()
        self._waiting_samples = 0
        self._position = 0  # in samples, of the oldest block that waits
        self._dropped = 0
        self._ended = False
        self._left = False
        self._error: BaseException | None = None

    def __iter__(self) -> Iterator[tuple[float, np.ndarray, float]]:
        """Starts reading; see the class. Raises what `blocks` raises. Whoever leaves early ends the reading."""
        thread = threading.Thread(target=self._read, daemon=True)
        thread.start()
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._waiting or self._ended)
                    if not self._waiting:
                        break
                    samples = self._waiting.popleft()
                    time_s, dropped_s = self._position / self._sample_rate, self._dropped / self._sample_rate
                    self._waiting_samples -= len(samples)
                    self._position += len(samples)
                    self._dropped = 0
                yield time_s, samples, dropped_s
        finally:
            self._left = True
            thread.join(LEAVING_S)
        if self._error is not None:
            raise self._error

    def _read(self) -> None:
        (speed, lead_s), start, consumed = self._pace, self._clock(), 0
        try:
            for samples in self._blocks:
                if self._left:
                    break
                consumed += len(samples)
                if self._paced:
                    due = start + consumed / self._sample_rate / speed - lead_s
                    self._sleep(max(0.0, due - self._clock()))
                self._put(samples)
        except BaseException as error:  # handed to the reader
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify()

    def _put(self, samples: np.ndarray) -> None:
        with self._changed:
            self._waiting.append(samples)
            self._waiting_samples += len(samples)
            while self._waiting_samples > self._limit and len(self._waiting) > 1:
                oldest = len(self._waiting.popleft())
                self._waiting_samples -= oldest
                self._position += oldest
                self._dropped += oldest
            self._changed.notify()
