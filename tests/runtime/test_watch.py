"""What is told of a live source: of stalls under the real clock, of lateness under a simulated one."""

import threading

import numpy as np
import pytest

from genrekit.runtime.watch import DRIFT, SourceWatch

RATE = 1000
PATIENCE_S = 10.0  # until a thread that hangs fails its test


def block(seconds=0.1):
    return np.zeros(round(RATE * seconds), np.float32)


def test_a_stall_is_told_of_once_and_so_is_its_end():
    told, stalled = [], threading.Event()

    def tell(event, seconds):
        told.append((event, seconds))
        stalled.set()

    def blocks():
        yield block()
        assert stalled.wait(PATIENCE_S)
        # The next event is that of the next block, however long this one stalls.
        assert not threading.Event().wait(0.5)
        yield block()
        yield block()

    with SourceWatch(tell, stalled_s=0.2) as watch:
        assert len(list(watch.follow(blocks(), RATE))) == 3
    assert [event for event, _ in told] == ["stalled", "resumed"]
    assert told[0][1] == pytest.approx(0.2)
    assert told[1][1] >= 0.2


def test_a_source_that_ends_after_a_stall_does_not_resume():
    told, stalled = [], threading.Event()

    def tell(event, seconds):
        told.append(event)
        stalled.set()

    def blocks():
        yield block()
        assert stalled.wait(PATIENCE_S)

    with SourceWatch(tell, stalled_s=0.2) as watch:
        assert len(list(watch.follow(blocks(), RATE))) == 1
    assert told == ["stalled"]


def test_a_source_that_opens_late_stalls_and_resumes():
    told, stalled = [], threading.Event()

    def tell(event, seconds):
        told.append(event)
        stalled.set()

    with SourceWatch(tell, stalled_s=0.2) as watch:
        with watch.waiting():
            assert stalled.wait(PATIENCE_S)
        list(watch.follow([block()], RATE))
    assert told == ["stalled", "resumed"]


def test_a_reader_that_takes_its_time_is_no_stall():
    told = []
    with SourceWatch(lambda *event: told.append(event), stalled_s=0.001) as watch:
        for _ in watch.follow([block(), block()], RATE):
            assert not threading.Event().wait(0.1)
    assert [event for event, _ in told] == []


def lateness(steps, late_s=2.0):
    """Of (seconds that pass, seconds of audio that come then), what is told, to the tenth of a second."""
    told, now = [], [0.0]

    def blocks():
        for seconds, audio_s in steps:
            now[0] += seconds
            yield block(audio_s)

    watch = SourceWatch(lambda event, seconds: told.append((event, round(seconds, 1))), 1e9, late_s, lambda: now[0])
    with watch:
        list(watch.follow(blocks(), RATE))
    return told


LIVE = [(0.1, 0.1)] * 100


def test_a_source_in_real_time_is_not_late():
    assert lateness(LIVE) == []


def test_a_reader_that_was_stopped_is_late_and_told_so_once():
    assert lateness([*LIVE, (9.1, 0.1), *LIVE]) == [("late", 9.0)]


def test_lateness_that_grows_is_told_again():
    assert lateness([*LIVE, (3.1, 0.1), *LIVE, (1.3, 0.1), *LIVE, (1.3, 0.1)]) == [("late", 3.0), ("late", 5.4)]


def test_a_model_that_is_too_slow_is_late_more_and_more():
    told = lateness([(0.2, 0.1)] * 100)
    assert told == [("late", 2.1), ("late", 4.2), ("late", 6.3), ("late", 8.4)]


def test_who_has_caught_up_may_be_late_again():
    steps = [*LIVE, (5.1, 0.1), *[(0.0, 0.1)] * 50, *LIVE, (5.1, 0.1)]
    assert [event for event, _ in lateness(steps)] == ["late", "in time", "late"]


def test_audio_that_comes_faster_than_its_time_is_never_late():
    """From a file, with a pause of the reader."""
    assert lateness([*[(0.01, 0.1)] * 1000, (20.0, 0.1), *[(0.01, 0.1)] * 10]) == []


def test_a_clock_that_is_slow_makes_nobody_late():
    assert lateness([(10 * (1 + DRIFT / 2), 10.0)] * 5000) == []


def test_a_pause_of_the_source_makes_nobody_late():
    told, now, paused = [], [0.0], threading.Event()

    def tell(event, seconds):
        told.append(event)
        paused.set()

    def blocks():
        yield block()
        assert paused.wait(PATIENCE_S)  # a stall of 0.2 s or more
        now[0] += 0.2
        yield block()

    with SourceWatch(tell, stalled_s=0.2, late_s=0.01, clock=lambda: now[0]) as watch:
        list(watch.follow(blocks(), RATE))
    assert told == ["stalled", "resumed"]


def test_an_error_of_the_source_is_passed_on():
    def blocks():
        yield block()
        raise ValueError("gone")

    with SourceWatch(lambda *_: None, 1e9) as watch, pytest.raises(ValueError, match="gone"):
        list(watch.follow(blocks(), RATE))
