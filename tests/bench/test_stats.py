"""Figures against Python's statistics module, closed forms and definitions."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genrekit.bench.stats import median_ratio, pareto_front, share_equal, summary

times = st.lists(st.floats(1e-3, 1e4), min_size=2, max_size=60)


@given(times)
def test_summary_is_that_of_the_statistics_module(raw):
    figures = summary(raw)
    percentiles = statistics.quantiles(raw, n=100, method="inclusive")
    assert figures["p50"] == pytest.approx(statistics.median(raw))
    assert figures["p90"] == pytest.approx(percentiles[89])
    assert figures["p99"] == pytest.approx(percentiles[98])
    assert figures["iqr"] == pytest.approx(percentiles[74] - percentiles[24], abs=1e-9)
    assert figures["mean"] == pytest.approx(statistics.fmean(raw))
    assert figures["n"] == len(raw)
    assert figures["raw"] == raw


def test_summary_of_one_value_is_that_value():
    assert summary([3.0]) == {"p50": 3.0, "p90": 3.0, "p99": 3.0, "mean": 3.0, "iqr": 0.0, "n": 1, "raw": [3.0]}


def test_share_equal_counts_equal_places():
    assert share_equal(["a", "b", "c", "a"], ["a", "c", "c", "b"]) == 0.5


def test_share_equal_refuses_sequences_of_two_lengths():
    with pytest.raises(ValueError, match="shorter"):
        share_equal(["a", "b"], ["a"])


def test_intervals_of_the_median_ratio_are_as_wide_as_theory_says():
    """The median of n normal values has standard error sqrt(pi / 2) * sigma / sqrt(n)."""
    generator = np.random.default_rng(3)
    n, mean, sigma = 400, 10.0, 0.5
    widths = []
    for _ in range(25):
        ratio, low, high = median_ratio(generator.normal(2 * mean, 2 * sigma, n), generator.normal(mean, sigma, n))
        assert ratio == pytest.approx(2, rel=0.02)
        assert low < ratio < high
        widths.append(high - low)
    relative_error = math.sqrt(math.pi / 2) * sigma / mean / math.sqrt(n)
    expected = 2 * 1.96 * 2 * math.sqrt(2) * relative_error  # both ends, of a ratio of 2 of two such medians
    assert statistics.fmean(widths) == pytest.approx(expected, rel=0.1)


def test_the_interval_covers_one_about_as_often_as_it_says():
    generator = np.random.default_rng(5)
    covered = 0
    for seed in range(60):
        _, low, high = median_ratio(generator.normal(5, 1, 100), generator.normal(5, 1, 100), seed=seed)
        covered += low <= 1 <= high
    assert covered >= 50  # 57 expected of 60; fewer than 50 has a probability below 1e-3


def test_equal_seeds_give_equal_intervals():
    raw = np.random.default_rng(0).normal(5, 1, 50)
    assert median_ratio(raw, raw[::-1], seed=1) == median_ratio(raw, raw[::-1], seed=1)


points = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=25)


@given(points)
def test_the_front_holds_what_nothing_dominates(pairs):
    def dominated(cost, worth):
        return any(c <= cost and w >= worth and (c, w) != (cost, worth) for c, w in pairs)

    front = pareto_front(pairs)
    assert {pairs[place] for place in front} == {pair for pair in pairs if not dominated(*pair)}
    assert [pairs[place] for place in front] == sorted({pairs[place] for place in front})
