"""The bounded queue, under a clock of its own: no test here sleeps."""

import threading

import numpy as np
import pytest

from genrekit.runtime.errors import AudioError
from genrekit.runtime.realtime import DRIFT, LEAD_S, RealtimeQueue

RATE = 1000
BLOCK_S = 0.1
PATIENCE_S = 10.0  # until a thread that hangs fails its test


def block(index):
    """The block that holds its own number."""
    return np.full(round(RATE * BLOCK_S), index, np.float32)


class Clock:
    """Time that passes only when somebody sleeps or works."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        assert seconds >= 0
        self.now += seconds


def numbers(items):
    return [int(samples[0]) for _, samples, _ in items]


def test_a_reader_that_keeps_up_loses_nothing():
    read = threading.Semaphore(0)

    def source():
        for index in range(30):
            yield block(index)
            assert read.acquire(timeout=PATIENCE_S)

    items = []
    for item in RealtimeQueue(source(), RATE, limit_s=BLOCK_S):
        items.append(item)
        read.release()
    assert numbers(items) == list(range(30))
    assert [time_s for time_s, _, _ in items] == pytest.approx([BLOCK_S * index for index in range(30)])
    assert not any(dropped_s for _, _, dropped_s in items)


def test_a_reader_that_lags_loses_the_oldest_and_is_told():
    busy, ended = threading.Event(), threading.Event()

    def source():
        yield block(0)
        assert busy.wait(PATIENCE_S)
        for index in range(1, 10):
            yield block(index)
        ended.set()

    items = iter(RealtimeQueue(source(), RATE, limit_s=3.5 * BLOCK_S))
    first = next(items)
    busy.set()
    assert ended.wait(PATIENCE_S)  # nine blocks came while the reader was busy with the first; three fit
    received = [first, *items]
    assert numbers(received) == [0, 7, 8, 9]
    assert [time_s for time_s, _, _ in received] == pytest.approx([0.0, 0.7, 0.8, 0.9])
    assert [dropped_s for _, _, dropped_s in received] == pytest.approx([0.0, 0.6, 0.0, 0.0])


def test_a_block_longer_than_the_limit_still_comes():
    items = list(RealtimeQueue([block(1)], RATE, limit_s=BLOCK_S / 10))
    assert numbers(items) == [1]
    assert items[0][2] == 0


def test_a_paced_source_comes_at_its_own_pace():
    """Each block is held back until its last sample has been heard, whatever its decoding costs."""
    clock, asked_at = Clock(), []

    def source():
        for index, cost in enumerate([0.02, 0.09, 0.0, 0.01]):
            asked_at.append(clock())
            clock.sleep(cost)
            yield block(index)
        asked_at.append(clock())

    items = list(RealtimeQueue(source(), RATE, limit_s=10, paced=True, clock=clock, sleep=clock.sleep))
    assert numbers(items) == [0, 1, 2, 3]
    assert asked_at == pytest.approx([100.0, 100.1, 100.2, 100.3, 100.4])


def test_a_paced_source_that_is_late_catches_up():
    clock, asked_at = Clock(), []

    def source():
        for index, cost in enumerate([0.35, 0.0, 0.0, 0.0, 0.0]):
            asked_at.append(clock())
            clock.sleep(cost)
            yield block(index)

    list(RealtimeQueue(source(), RATE, limit_s=10, paced=True, clock=clock, sleep=clock.sleep))
    assert asked_at == pytest.approx([100.0, 100.35, 100.35, 100.35, 100.4])


def loosely_asked(seconds_a_block, blocks):
    """When a source was asked for its last block that takes so long for each of them and is paced loosely."""
    clock = Clock()

    def source():
        for index in range(blocks):
            clock.sleep(seconds_a_block)
            yield block(index)

    queue = RealtimeQueue(source(), RATE, limit_s=1e9, paced=True, loosely=True, clock=clock, sleep=clock.sleep)
    assert len(list(queue)) == blocks
    return clock() - 100.0


def test_loose_pacing_holds_a_file_back_but_not_a_live_source():
    """Whose clock is never exact, and of which the pipe held some when it was first read."""
    assert loosely_asked(0.0, 1000) == pytest.approx(100 / (1 + DRIFT) - LEAD_S)
    fast = BLOCK_S * 0.999
    assert loosely_asked(fast, 10_000) == pytest.approx(fast * 10_000)
    assert loosely_asked(0.0, 10) == 0.0


def test_a_source_that_is_not_paced_is_not_held_back():
    clock = Clock()
    list(RealtimeQueue(map(block, range(20)), RATE, limit_s=10, clock=clock, sleep=clock.sleep))
    assert clock() == 100.0


def test_the_sources_error_reaches_the_reader_after_its_blocks():
    def source():
        yield block(0)
        yield block(1)
        raise AudioError("clip.flac: damaged")

    received = []
    with pytest.raises(AudioError, match=r"clip.flac: damaged"):
        received.extend(RealtimeQueue(source(), RATE, limit_s=10))
    assert numbers(received) == [0, 1]


def test_a_source_without_blocks_ends_at_once():
    assert list(RealtimeQueue([], RATE, limit_s=1)) == []


def test_empty_blocks_pass():
    """A resampler gives none before it has heard enough."""
    empty = np.empty(0, np.float32)
    items = list(RealtimeQueue([empty, block(1), empty], RATE, limit_s=1))
    assert [len(samples) for _, samples, _ in items] == [0, 100, 0]
    assert [time_s for time_s, _, _ in items] == pytest.approx([0.0, 0.0, BLOCK_S])


class Microphone:
    """Has no end of its own."""

    def __init__(self):
        self.closed = threading.Event()

    def __iter__(self):
        try:
            while True:
                yield np.zeros(100, np.float32)
        finally:
            self.closed.set()


def test_who_leaves_early_ends_the_reading():
    """Neither the thread nor the device may outlive the stream."""
    threads, microphone = threading.active_count(), Microphone()
    items = iter(RealtimeQueue(microphone, 100, limit_s=3))
    next(items)
    items.close()
    assert threading.active_count() == threads
    assert microphone.closed.wait(PATIENCE_S)
