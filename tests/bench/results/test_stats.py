"""Figures against Python's statistics module, closed forms and definitions."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genrekit.bench.results.stats import (
    answered,
    calibration_error,
    fraction_equal,
    median_ratio,
    pareto_front,
    round_ratio,
    student_quantile,
    summary,
)
from genrekit.bench.results.values import TimeSummary

times = st.lists(st.floats(1e-3, 1e4), min_size=2, max_size=60)


@given(times, st.integers(1, 59))
def test_summary_is_that_of_the_statistics_module(raw, cut):
    rounds = [values for values in (raw[:cut], raw[cut:]) if values]
    figures = summary(rounds)
    percentiles = statistics.quantiles(raw, n=100, method="inclusive")
    assert figures.p50 == pytest.approx(statistics.median(raw))
    assert figures.p90 == pytest.approx(percentiles[89])
    assert figures.p99 == pytest.approx(percentiles[98])
    assert figures.iqr == pytest.approx(percentiles[74] - percentiles[24], abs=1e-9)
    assert figures.mean == pytest.approx(statistics.fmean(raw))
    assert figures.n == len(raw)
    assert figures.raw == tuple(raw)
    assert figures.round_n == tuple(len(values) for values in rounds)
    assert figures.round_p50 == pytest.approx(tuple(statistics.median(values) for values in rounds))


def test_summary_of_one_value_is_that_value():
    percentiles = {"p50": 3.0, "p90": 3.0, "p99": 3.0, "mean": 3.0, "iqr": 0.0}
    assert summary([[3.0]]) == TimeSummary(**percentiles, n=1, raw=(3.0,), round_n=(1,), round_p50=(3.0,))


def test_fraction_equal_counts_equal_labels():
    assert fraction_equal(["a", "b", "c", "a"], ["a", "c", "c", "b"]) == 0.5


def test_fraction_equal_refuses_sequences_of_two_lengths():
    with pytest.raises(ValueError, match="shorter"):
        fraction_equal(["a", "b"], ["a"])


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
    for _ in range(200):
        _, low, high = median_ratio(generator.normal(5, 1, 100), generator.normal(5, 1, 100))
        covered += low <= 1 <= high
    assert 180 <= covered <= 199  # 190 expected


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_few_values_have_an_interval_about_their_ratio(count):
    values = np.linspace(1, 1.2, count)
    ratio, low, high = median_ratio(2 * values, values)
    assert ratio == pytest.approx(2)
    assert low <= ratio <= high


points = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=25)


@given(points)
def test_the_front_holds_what_nothing_dominates(pairs):
    def dominated(cost, worth):
        return any(c <= cost and w >= worth and (c, w) != (cost, worth) for c, w in pairs)

    front = pareto_front(pairs)
    assert {pairs[index] for index in front} == {pair for pair in pairs if not dominated(*pair)}
    assert [pairs[index] for index in front] == sorted({pairs[index] for index in front})


@pytest.mark.parametrize(
    ("unknown", "classes", "expected"),
    [
        ((), "ab", (None, None)),
        ((False, False, False, False), "ab", (0.0, 0.5)),
        ((True, False, False, False), "ab", (0.25, 1 / 3)),
        ((False, True, True, False), "ab", (0.5, 1.0)),
        ((True, True, True, True), "ab", (1.0, None)),
        ((False, True, True, True), ("a", "b", "unknown"), (0.75, 0.5)),
    ],
)
def test_the_accuracy_of_what_is_answered(unknown, classes, expected):
    """Predicted a, a, b, b; true a, b, a, b, or of a class called unknown the last."""
    truth = ["a", "b", "a", "unknown" if "unknown" in classes else "b"]
    assert answered(["a", "a", "b", "b"], unknown, truth, classes) == expected


def test_the_calibration_error_is_the_distance_from_score_to_fraction_in_each_bin():
    scores = [0.95] * 4 + [0.55] * 6
    right = [True, True, True, False, True, True, True, False, False, False]
    assert calibration_error(scores, right, bins=10) == pytest.approx(0.4 * 0.2 + 0.6 * 0.05)


def test_scores_of_nought_and_one_have_bins():
    assert calibration_error([0.0, 1.0], [False, True]) == 0
    assert calibration_error([0.0, 1.0], [True, False]) == 1


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 8.5, 29, 1000])
def test_students_quantiles(freedom):
    from scipy.stats import t

    assert student_quantile(freedom) == pytest.approx(t.ppf(0.975, freedom), abs=0.003)


@pytest.mark.parametrize("paired", [True, False])
def test_intervals_of_rounds_are_those_of_scipys_t_tests(paired):
    from scipy.stats import ttest_ind, ttest_rel

    generator = np.random.default_rng(1)
    first, second = np.exp(generator.normal(0.3, 0.1, 8)), np.exp(generator.normal(0, 0.2, 8))
    logs = np.log(first), np.log(second)
    test = ttest_rel(*logs) if paired else ttest_ind(*logs, equal_var=False)
    ratio, low, high = round_ratio(first, second, paired=paired)
    assert ratio == pytest.approx(np.exp(logs[0].mean() - logs[1].mean()))
    assert (low, high) == pytest.approx(tuple(np.exp(test.confidence_interval(0.95))), rel=1e-3)


@pytest.mark.parametrize(("rounds", "paired"), [(2, True), (3, True), (5, True), (5, False)])
def test_nineteen_in_twenty_intervals_of_rounds_hold_the_truth(rounds, paired):
    generator = np.random.default_rng(rounds)
    held = 0
    for _ in range(300):
        drift = np.exp(generator.normal(0, 0.3, rounds)) if paired else 1  # falls on both alike
        first, second = (drift * np.exp(generator.normal(centre, 0.1, rounds)) for centre in (0.7, 0))
        _, low, high = round_ratio(first, second, paired=paired)
        held += low <= math.exp(0.7) <= high
    assert 0.9 <= held / 300 <= 1


def test_pairs_of_rounds_tell_apart_what_drift_hides():
    drift = np.array([1, 2, 1.5, 3, 1])
    ratio, low, high = round_ratio(1.1 * drift * [1, 1.01, 1, 0.99, 1], drift, paired=True)
    assert 1 < low < ratio < high
    assert ratio == pytest.approx(1.1, rel=1e-3)
    _, low, high = round_ratio(1.1 * drift, drift, paired=False)
    assert low < 1 < high
