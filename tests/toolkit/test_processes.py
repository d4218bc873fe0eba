"""Work in several processes: every result once, in order where that is wanted, and a sentence for a killed process."""

from __future__ import annotations

import os
import signal

import pytest

from genrekit.runtime.errors import Failure, ParameterError
from genrekit.toolkit.compute import Processes, in_order


def square(number):
    return number**2


def killed_by_three(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_item_has_one_result(jobs):
    found = dict(Processes(jobs).results(square, iter(range(50))))
    assert found == {number: number**2 for number in range(50)}


def test_results_come_in_order():
    arriving = iter([(2, "c"), (0, "a"), (1, "b"), (3, "d")])
    ordered = in_order(arriving)
    assert next(ordered) == "a"
    assert next(arriving) == (1, "b")  # nothing was taken before it was needed
    assert list(in_order([(2, "c"), (0, "a"), (1, "b")])) == ["a", "b", "c"]


def test_items_are_taken_as_they_are_needed():
    taken = []
    results = Processes().results(square, (taken.append(number) or number for number in range(1000)))
    next(results)
    assert taken == [0]


def test_a_killed_process_is_reported():
    with pytest.raises(Failure, match="was killed"):
        list(Processes(2).results(killed_by_three, range(10)))


def test_no_processes_are_refused():
    with pytest.raises(ParameterError, match="jobs=0"):
        Processes(0)
