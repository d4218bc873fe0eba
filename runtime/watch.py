"""Over a live source: tells when it stalls, when it goes on, and when its reader lags behind the clock."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import numpy as np

Event = Literal["stalled", "resumed", "late", "in time"]
TICKS = 10  # a stall's: a process that was stopped has missed them when it goes on, and takes its own rest for none
DRIFT = 1e-3  # fraction by which the clock of a source may be slow


class SourceWatch:
    """Passes on the blocks of a live source, and tells what is unusual about the times at which they come.

    Use it as a context, in which a thread looks at the clock, and once.

    Args:
        tell: called, maybe from that thread, with an event and seconds: "stalled", once a stall, and how long nothing
            has come; "resumed" and how long that lasted; "late" and how much more time than audio has passed, when it
            is `late_s` and each time that it has grown by as much; "in time" when less than half of `late_s` is left.
        stalled_s: seconds without audio that are a stall.
        late_s: seconds; without it, lateness does not matter.
        clock: the time, injected so that it can be simulated.
    """

    def __init__(
        self,
        tell: Callable[[Event, float], None],
        stalled_s: float,
        late_s: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell, self._tick_s, self._late_s, self._clock = tell, stalled_s / TICKS, late_s, clock
        self._lock, self._left = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True)
        self._waits, self._ticks = False, 0
        self._start: float | None = None
        self._audio_s = 0.0
        self._paused_s = 0.0  # in which nothing came, so that nothing got late
        self._stall_s = 0.0  # which has ended and was not told of yet
        self._least = math.inf
        self._told_s = 0.0

    def __enter__(self) -> SourceWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._thread.join()

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """For as long as the block runs, the source is waited for."""
        with self._lock:
            self._waits, self._ticks = True, 0
        try:
            yield
        finally:
            with self._lock:
                self._waits = False
                waited_s = max(0, self._ticks - 1) * self._tick_s
            self._paused_s += waited_s
            if self._ticks > TICKS:
                self._stall_s = waited_s

    def follow(self, blocks: Iterable[np.ndarray], sample_rate: int) -> Iterator[np.ndarray]:
        """The same mono blocks [shape=(n,)] at `sample_rate`."""
        iterator = iter(blocks)
        while True:
            with self.waiting():
                block = next(iterator, None)
            if block is None:
                return
            if self._stall_s:
                self._tell("resumed", self._stall_s)
                self._stall_s = 0.0
            self._compare_with_clock(len(block) / sample_rate)
            yield block

    def _tick(self) -> None:
        while not self._left.wait(self._tick_s):
            with self._lock:
                self._ticks += self._waits
                stalled = self._waits and self._ticks == TICKS + 1  # the first came at any time after the wait began
            if stalled:
                self._tell("stalled", TICKS * self._tick_s)

    def _compare_with_clock(self, block_s: float) -> None:
        if self._start is None:
            self._start, self._paused_s = self._clock() - block_s, 0.0  # the block came when it was complete
        self._audio_s += block_s
        passed_s = self._clock() - self._start - self._paused_s
        behind_s = passed_s - self._audio_s * (1 + DRIFT)
        self._least = min(self._least, behind_s)
        # Audio that comes faster than its time is never late, and a source whose own clock is slow makes nobody late.
        late_s = min(passed_s - self._audio_s, behind_s - self._least)
        if late_s >= self._told_s + self._late_s:
            self._told_s = late_s
            self._tell("late", late_s)
        elif self._told_s and late_s < self._late_s / 2:
            self._told_s = 0.0
            self._tell("in time", late_s)
