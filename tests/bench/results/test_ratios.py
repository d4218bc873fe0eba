"""Ratios of rows, their intervals and verdicts."""

import pytest

from genrekit.bench.results.stats import between, pairwise, ratio_of, summary

from ..conftest import failed_row, row_of


def times(*medians):
    """A summary of rounds of two calls with these medians."""
    return summary([[0.99 * median, 1.01 * median] for median in medians])


def test_rounds_make_the_interval_where_there_are_two():
    ratio = ratio_of(times(2, 4, 2.02), times(1, 2, 1), paired=True)
    assert ratio.basis == "rounds"
    assert ratio.verdict == "slower"
    assert 1.9 < ratio.low < 2 < ratio.high < 2.1


def test_what_overlaps_is_no_difference():
    assert ratio_of(times(1, 2, 3), times(2, 3, 1), paired=True).verdict == "no difference"


def test_rounds_that_only_one_has_are_left_out_of_pairs():
    ratio = ratio_of(times(2, 4, 2.02), times(1, 2), paired=True)
    assert ratio.ratio == pytest.approx(2)
    assert ratio_of(times(2, 4, 2.02), times(1), paired=True).basis == "calls"


def test_pairs_are_found_in_both_directions():
    rows = [row_of(clip_ms=2), row_of(clip_ms=1), failed_row(), row_of(clip_ms=4)]
    pairs = pairwise(rows, "clip_ms")
    assert [(pair.first, pair.second) for pair in pairs] == [(0, 1), (0, 3), (1, 3)]
    there, back = between(pairs, 0, 1), between(pairs, 1, 0)
    assert there.ratio == pytest.approx(2)
    assert (there.verdict, back.verdict) == ("slower", "faster")
    assert (back.ratio, back.low, back.high) == pytest.approx((1 / there.ratio, 1 / there.high, 1 / there.low))
    assert (back.first, back.second) == (1, 0)
    assert between(pairs, 0, 2) is None
