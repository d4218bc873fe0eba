"""Figures against Python's statistics module, closed forms and definitions."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genrekit.bench.results.stats import (
    calibration_error,
    median_ratio,
    modes,
    narrowness,
    pareto_front,
    round_ratio,
    share_equal,
    student_quantile,
    summary,
)

times = st.lists(st.floats(1e-3, 1e4), min_size=2, max_size=60)


@given(times, st.integers(1, 59))
def test_summary_is_that_of_the_statistics_module(raw, cut):
    rounds = [values for values in (raw[:cut], raw[cut:]) if values]
    figures = summary(rounds)
    percentiles = statistics.quantiles(raw, n=100, method="inclusive")
    assert figures["p50"] == pytest.approx(statistics.median(raw))
    assert figures["p90"] == pytest.approx(percentiles[89])
    assert figures["p99"] == pytest.approx(percentiles[98])
    assert figures["iqr"] == pytest.approx(percentiles[74] - percentiles[24], abs=1e-9)
    assert figures["mean"] == pytest.approx(statistics.fmean(raw))
    assert figures["n"] == len(raw)
    assert figures["raw"] == raw
    assert figures["round_n"] == [len(values) for values in rounds]
    assert figures["round_p50"] == pytest.approx([statistics.median(values) for values in rounds])


def test_summary_of_one_value_is_that_value():
    percentiles = {"p50": 3.0, "p90": 3.0, "p99": 3.0, "mean": 3.0, "iqr": 0.0}
    assert summary([[3.0]]) == {**percentiles, "n": 1, "raw": [3.0], "round_n": [1], "round_p50": [3.0]}


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


def test_the_calibration_error_is_the_distance_from_score_to_share_in_each_bin():
    scores = [0.95] * 4 + [0.55] * 6
    right = [True, True, True, False, True, True, True, False, False, False]
    assert calibration_error(scores, right, bins=10) == pytest.approx(0.4 * 0.2 + 0.6 * 0.05)


def test_scores_of_nought_and_one_have_bins():
    assert calibration_error([0.0, 1.0], [False, True]) == 0
    assert calibration_error([0.0, 1.0], [True, False]) == 1


@pytest.mark.parametrize("freedom", [1, 2, 4, 29])
def test_students_quantiles(freedom):
    from scipy.stats import t

    for share in (0.5, 0.9, 0.975, 0.995):
        assert student_quantile(share, freedom) == pytest.approx(t.ppf(share, freedom), rel=1e-5, abs=1e-9)


def test_a_percentile_interval_is_stretched_the_more_the_fewer_its_values_are():
    assert narrowness(2) > narrowness(5) > narrowness(20) > 1
    assert narrowness(1000) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(("rounds", "paired"), [(2, True), (3, True), (5, True), (5, False)])
def test_nineteen_in_twenty_intervals_of_rounds_hold_the_truth(rounds, paired):
    generator = np.random.default_rng(rounds)
    held = 0
    for seed in range(300):
        drift = np.exp(generator.normal(0, 0.3, rounds)) if paired else 1  # falls on both alike
        first, second = (drift * np.exp(generator.normal(place, 0.1, rounds)) for place in (0.7, 0))
        _, low, high = round_ratio(first, second, paired=paired, seed=seed)
        held += low <= math.exp(0.7) <= high
    assert 0.9 <= held / 300 <= 1


def test_pairs_of_rounds_tell_apart_what_drift_hides():
    drift = np.array([1, 2, 1.5, 3, 1])
    ratio, low, high = round_ratio(1.1 * drift * [1, 1.01, 1, 0.99, 1], drift, paired=True)
    assert 1 < low < ratio < high
    assert ratio == pytest.approx(1.1, rel=1e-3)
    _, low, high = round_ratio(1.1 * drift, drift, paired=False)
    assert low < 1 < high


@pytest.mark.parametrize("shape", ["normal", "uniform", "skewed", "tail"])
def test_one_group_is_one(shape):
    generator = np.random.default_rng(0)
    values = {
        "normal": np.exp(generator.normal(0, 0.05, 300)),
        "uniform": generator.uniform(1, 1.3, 300),
        "skewed": 1 + generator.exponential(0.1, 300),
        "tail": np.where(generator.random(300) < 0.1, 3, 1) * np.exp(generator.normal(0, 0.03, 300)),
    }
    assert modes(values[shape]) is None


def test_two_groups_are_told_with_their_medians():
    generator = np.random.default_rng(0)
    values = np.where(generator.random(300) < 0.3, 1.5, 1) * np.exp(generator.normal(0, 0.04, 300))
    assert modes(values) == (pytest.approx(1, abs=0.02), pytest.approx(1.5, abs=0.03))
    assert modes([1.0, 2.0, 3.0]) is None
