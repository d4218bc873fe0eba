"""Which decisions get a line, and how long each label lasted."""

import pytest

from genrekit.runtime import Prediction
from genrekit.runtime.decisions import Selector, Totals
from genrekit.runtime.errors import ParameterError


def prediction(time_s, **scores):
    label = max(scores, key=scores.get)
    return Prediction(time_s, label, scores[label], scores)


def selected(selector, jazz):
    """Which of a run of predictions are worth a line; `jazz` are its scores, pop has the rest."""
    return [score for score in jazz if selector(prediction(0.0, jazz=score, pop=1 - score))]


def test_without_conditions_each_decision_counts():
    assert selected(Selector(), [0.9, 0.9, 0.1]) == [0.9, 0.9, 0.1]


def test_low_scores_are_passed_over():
    assert selected(Selector(min_score=0.7), [0.6, 0.7, 0.3, 0.25]) == [0.7, 0.3, 0.25]


def test_on_change_only_a_new_label_counts():
    assert selected(Selector(on_change=True), [0.9, 0.8, 0.2, 0.1, 0.9]) == [0.9, 0.2, 0.9]


def test_a_label_is_new_when_it_leads_by_the_margin():
    close = [0.9, 0.49, 0.51, 0.46, 0.54, 0.4, 0.54, 0.56]
    assert selected(Selector(on_change=True), close) == [0.9, 0.4, 0.56]
    assert selected(Selector(on_change=True, margin=0.25), [0.75, 0.376, 0.375]) == [0.75, 0.375]
    assert selected(Selector(on_change=True, margin=0), close[:4]) == [0.9, 0.49, 0.51, 0.46]


def test_an_uncertain_decision_changes_nothing():
    assert selected(Selector(min_score=0.8, on_change=True), [0.9, 0.3, 0.9, 0.1, 0.3, 0.95]) == [0.9, 0.1, 0.95]


@pytest.mark.parametrize(("name", "value"), [("min_score", -0.1), ("min_score", 1.1), ("margin", float("nan"))])
def test_what_is_no_probability_is_refused(name, value):
    with pytest.raises(ParameterError, match=f"{name}={value}: expected a probability"):
        Selector(**{name: value})


def totals(times, labels, window_s=3.0, stride_s=0.5):
    counted = Totals(window_s, stride_s)
    for time_s, label in zip(times, labels, strict=True):
        counted.add(prediction(time_s, **{label: 1.0}))
    return counted


def test_a_label_lasts_from_the_decision_before():
    counted = totals([3.0, 3.5, 4.0, 4.5], ["jazz", "pop", "pop", "jazz"])
    assert counted.seconds == {"jazz": 3.5, "pop": 1.0}
    assert counted.shares() == [("jazz", 3.5, pytest.approx(7 / 9)), ("pop", 1.0, pytest.approx(2 / 9))]
    assert (counted.decisions, counted.end_s) == (4, 4.5)


def test_audio_that_was_dropped_belongs_to_no_label():
    assert totals([3.0, 60.0], ["jazz", "pop"]).seconds == {"jazz": 3.0, "pop": 3.0}


def test_a_stride_longer_than_the_window_counts_whole():
    assert totals([3.0, 13.0], ["jazz", "pop"], stride_s=10.0).seconds == {"jazz": 3.0, "pop": 10.0}


def test_nothing_heard_has_no_shares():
    assert totals([], []).shares() == []
