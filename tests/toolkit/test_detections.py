"""Hits, misses, false alarms and delays of decisions written by hand, beside the same counted line by line."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genrekit.runtime import DecisionFilter, Prediction
from genrekit.runtime.errors import ParameterError
from genrekit.toolkit.evaluation.detections import NO_DETECTION, Decisions, Delay, LabelScores, match
from genrekit.toolkit.evaluation.events import Event
from genrekit.toolkit.evaluation.sweep import MOST, ROUND_STEPS, choose, sweep, thresholds

LABELS = ("no", "yes")


def decisions(*lines, seconds=3600.0):
    """Of (time_s, label or unknown, score), or without a score."""
    times, labels, scores = zip(*((*line, 1.0)[:3] for line in lines), strict=True) if lines else ((), (), ())
    index = [LABELS.index(label) if label in LABELS else NO_DETECTION for label in labels]
    columns = np.array(times, np.float64), np.array(index, np.int16), np.array(scores, np.float64)
    return Decisions(LABELS, frozenset(), seconds, *columns)


def events(*rows):
    return tuple(Event(start_s, end_s, label, line) for line, (start_s, end_s, label) in enumerate(rows, 2))


def counted(lines, rows, tolerance_s=1.0, min_score=0.0, seconds=3600.0):
    """(hits, misses, false alarms) of a match."""
    scores = match(decisions(*lines, seconds=seconds), events(*rows), tolerance_s).scores(min_score)
    return scores.hits, scores.misses, scores.false_alarms


ONE = [(1.0, 2.0, "yes")]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([(1.0, "yes")], (1, 0, 0)),  # just at the start
        ([(0.999, "yes")], (0, 1, 1)),
        ([(3.0, "yes")], (1, 0, 0)),  # just at the end of the tolerance
        ([(3.001, "yes")], (0, 1, 1)),
        ([(1.5, "no")], (0, 1, 1)),
        ([(1.5, "unknown")], (0, 1, 0)),
        ([(1.5, "silence")], (0, 1, 0)),
        ([], (0, 1, 0)),
        ([(1.0, "yes"), (1.5, "yes"), (3.0, "yes")], (1, 0, 0)),
        ([(0.5, "yes"), (1.0, "yes"), (3.0, "yes"), (3.5, "yes"), (4.0, "yes")], (1, 0, 2)),  # before, and overhanging
        ([(5.0, "yes"), (5.5, "yes"), (6.0, "yes")], (0, 1, 1)),
        ([(5.0, "yes"), (5.5, "unknown"), (6.0, "yes")], (0, 1, 2)),  # a gap
        ([(5.0, "yes"), (5.5, "no"), (6.0, "yes")], (0, 1, 3)),
        ([(2.5, "no"), (5.0, "no")], (0, 1, 1)),  # no decision between them
    ],
)
def test_lines_beside_one_event(lines, expected):
    assert counted(lines, ONE) == expected


def test_a_tolerance_of_nothing_ends_with_the_event():
    assert counted([(2.0, "yes")], ONE, tolerance_s=0) == (1, 0, 0)
    assert counted([(2.001, "yes")], ONE, tolerance_s=0) == (0, 1, 1)


def test_the_end_of_the_tolerance_is_a_decimal_number():
    assert 0.7 + 0.1 < 0.8  # but in decimals it is not
    assert counted([(0.8, "yes")], [(0.5, 0.7, "yes")], tolerance_s=0.1) == (1, 0, 0)


@pytest.mark.parametrize("tolerance_s", [-0.1, math.inf, math.nan])
def test_an_impossible_tolerance_is_refused(tolerance_s):
    with pytest.raises(ParameterError, match="tolerance="):
        match(decisions(), (), tolerance_s)


def test_two_events_of_one_label_near_each_other():
    near = [(1.0, 2.0, "yes"), (2.5, 3.5, "yes")]
    assert counted([(2.8, "yes")], near) == (2, 0, 0)  # in the tolerance of the one, and in the other
    assert counted([(2.2, "yes")], near) == (1, 1, 0)
    assert counted([(4.2, "yes")], near) == (1, 1, 0)


def test_within_an_event_of_another_label_a_line_is_a_false_alarm():
    assert counted([(1.5, "yes"), (2.0, "no"), (2.5, "no")], ONE) == (1, 0, 1)


def test_a_run_that_an_event_parts_counts_twice():
    lines = [(time_s / 2, "yes") for time_s in range(12)]  # 0 to 5.5 s
    assert counted(lines, ONE) == (1, 0, 2)


def test_lines_with_a_low_score_are_not_shown():
    lines = [(1.0, "yes", 0.6), (2.0, "yes", 0.7), (5.0, "no", 0.8), (5.5, "no", 0.5), (6.0, "no", 0.9)]
    matching = match(decisions(*lines), events(*ONE))
    assert matching.scores(0.7).delay_s == Delay(1.0, 1.0)
    assert [matching.scores(score).hits for score in (0.6, 0.7, 0.71)] == [1, 1, 0]
    assert [matching.scores(score).false_alarms for score in (0.5, 0.6, 0.9, 0.91)] == [1, 2, 1, 0]


def test_no_events_make_every_detection_a_false_alarm():
    assert counted([(1.0, "yes"), (1.5, "no"), (2.0, "no"), (2.5, "unknown")], []) == (0, 0, 2)


def test_rates_delays_and_labels():
    rows = [(10.0, 11.0, "yes"), (20.0, 21.0, "no"), (30.0, 31.0, "yes"), (40.0, 41.0, "yes")]
    lines = [(10.2, "yes"), (20.4, "no"), (31.0, "yes"), (50.0, "no"), (60.0, "unknown"), (70.0, "no")]
    scores = match(decisions(*lines, seconds=900.0), events(*rows)).scores(0.0)
    assert (scores.hits, scores.misses, scores.false_alarms) == (3, 1, 2)
    assert scores.false_alarms_per_hour == 8
    assert scores.delay_s == Delay(0.4, 0.88)  # of 0.2, 0.4 and 1.0 s
    assert scores.labels == {"no": LabelScores(1, 0, 2), "yes": LabelScores(2, 1, 0)}


def test_without_a_hit_there_is_no_delay():
    assert match(decisions((9.0, "yes")), events(*ONE)).scores(0.0).delay_s == Delay(None, None)


def test_labels_of_the_background_have_no_row():
    found = match(decisions((9.0, "yes")), ())
    assert set(found.scores(0.0).labels) == set(LABELS)
    quiet = Decisions(LABELS, frozenset({"no"}), 10.0, *(np.empty(0, kind) for kind in ("f8", "i2", "f8")))
    assert set(match(quiet, ()).scores(0.0).labels) == {"yes"}


lines_of_a_stream = st.lists(
    st.tuples(st.sampled_from(["no", "yes", "unknown"]), st.sampled_from([0.3, 0.5, 0.85, 0.99, 1.0])), max_size=40
).map(lambda rows: [(0.5 + index / 4, *row) for index, row in enumerate(rows)])
rows_of_events = st.lists(st.tuples(st.integers(1, 8), st.integers(0, 5), st.sampled_from(LABELS)), max_size=8).map(
    lambda rows: [
        ((start - length) / 4, start / 4, label)
        for start, (length, _, label) in zip(
            itertools.accumulate(length + gap for length, gap, _ in rows), rows, strict=True
        )
    ]
)


def one_by_one(lines, rows, tolerance_s, min_score):
    """The same as `counted`, as the issue has it in words."""
    selected = DecisionFilter(min_score)
    shown = [
        label in LABELS and selected(Prediction(time_s, label, score, {label: score}, answer=label))
        for time_s, label, score in lines
    ]

    def within(time_s, label, row):
        return label == row[2] and row[0] <= time_s <= row[1] + tolerance_s

    hits = sum(any(seen and within(*line[:2], row) for seen, line in zip(shown, lines, strict=True)) for row in rows)
    alarms, before = 0, None
    for seen, (time_s, label, _) in zip(shown, lines, strict=True):
        false = label if seen and not any(within(time_s, label, row) for row in rows) else None
        alarms += false is not None and false != before
        before = false
    return hits, len(rows) - hits, alarms


@given(lines_of_a_stream, rows_of_events, st.sampled_from([0.0, 0.25, 1.0]), st.sampled_from([0.0, 0.5, 0.86, 1.0]))
def test_equals_what_is_counted_one_by_one(lines, rows, tolerance_s, min_score):
    assert counted(lines, rows, tolerance_s, min_score) == one_by_one(lines, rows, tolerance_s, min_score)


@given(lines_of_a_stream, rows_of_events)
def test_a_sweep_is_the_same_at_each_threshold_and_loses_hits_alone(lines, rows):
    found = sweep(match(decisions(*lines), events(*rows)))
    for scores in found:
        assert (scores.hits, scores.misses, scores.false_alarms) == one_by_one(lines, rows, 1.0, scores.min_score)
    # Alarms may part where a line between them falls away; hits never come back.
    assert all(higher.hits <= lower.hits for lower, higher in itertools.pairwise(found))
    assert all(sum(each.hits for each in scores.labels.values()) == scores.hits for scores in found)
    assert all(scores.hits + scores.misses == len(rows) for scores in found)


def test_a_sweep_stands_where_something_changes():
    lines = [(1.0, "yes", 0.61239), (5.0, "no", 0.71239), (5.5, "no", 0.8), (8.0, "yes", 1.0)]
    found = thresholds(match(decisions(*lines), events(*ONE)))
    assert found == sorted({*ROUND_STEPS, 0.61239, 0.800001})


def test_a_sweep_has_no_more_thresholds_than_it_promises():
    scores = np.random.default_rng(0).uniform(0, 1, 5000)
    lines = [(index, label, score) for index, (label, score) in enumerate(zip(LABELS * 2500, scores, strict=True))]
    matching = match(decisions(*lines), ())
    found = thresholds(matching)
    assert MOST / 2 < len(found) <= MOST + len(ROUND_STEPS)  # there is no event
    assert [matching.scores(threshold).false_alarms for threshold in found[:-6:-1]] == [0, 1, 2, 3, 4]
    assert matching.scores(found[1]).false_alarms > 4500


def test_of_thresholds_the_one_with_the_fewest_misses_within_the_rate():
    rows = [(10.0 * index, 10.0 * index + 1, "yes") for index in range(1, 4)]
    alarms = [(41.0, "no", 0.31), (45.0, "unknown"), (51.0, "no", 0.7)]
    lines = [(10.5, "yes", 0.3), (20.5, "yes", 0.6), (30.5, "yes", 0.9), *alarms]
    found = sweep(match(decisions(*lines), events(*rows)))
    assert [choose(found, rate).misses for rate in (2, 1, 0.5, 0)] == [0, 1, 2, 2]
    assert choose(found, 1).min_score == 0.310001  # the lowest that silences the first alarm
    assert choose(found, 0).min_score == 0.700001


def test_where_no_threshold_reaches_the_rate_none_is_chosen():
    assert choose(sweep(match(decisions((1.0, "no", 1.0)), ())), 0.5) is None


@pytest.mark.parametrize("rate", [-1, math.inf, math.nan])
def test_an_impossible_rate_is_refused(rate):
    with pytest.raises(ParameterError, match="false_alarms_per_hour="):
        choose([], rate)
