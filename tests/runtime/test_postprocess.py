"""Smoothing over seconds, which decisions get a line, and how long each label lasted."""

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genrekit.runtime import Answering, Prediction, Rejection
from genrekit.runtime.errors import ParameterError
from genrekit.runtime.postprocess import AnswerDurations, DecisionFilter, Smoother


def prediction(time_s, **scores):
    label = max(scores, key=scores.get)
    return Prediction(time_s, label, scores[label], scores, answer=label)


def selected(selector, jazz):
    """Which of a run of predictions are worth a line; `jazz` are its scores, pop has the rest."""
    return [score for score in jazz if selector(prediction(0.0, jazz=score, pop=1 - score))]


def test_without_conditions_each_decision_counts():
    assert selected(DecisionFilter(), [0.9, 0.9, 0.1]) == [0.9, 0.9, 0.1]


def test_low_scores_are_passed_over():
    assert selected(DecisionFilter(min_score=0.7), [0.6, 0.7, 0.3, 0.25]) == [0.7, 0.3, 0.25]


def test_on_change_only_a_new_label_counts():
    assert selected(DecisionFilter(on_change=True), [0.9, 0.8, 0.2, 0.1, 0.9]) == [0.9, 0.2, 0.9]


def test_a_label_is_new_when_it_leads_by_the_margin():
    close = [0.9, 0.49, 0.51, 0.46, 0.54, 0.4, 0.54, 0.56]
    assert selected(DecisionFilter(on_change=True), close) == [0.9, 0.4, 0.56]
    assert selected(DecisionFilter(on_change=True, margin=0.25), [0.75, 0.376, 0.375]) == [0.75, 0.375]
    assert selected(DecisionFilter(on_change=True, margin=0), close[:4]) == [0.9, 0.49, 0.51, 0.46]


def test_silence_and_unknown_come_and_go_without_a_margin():
    answers = ["jazz", "silence", "silence", "jazz", "unknown", "jazz"]
    selector = DecisionFilter(on_change=True)
    windows = [dataclasses.replace(prediction(0.0, jazz=0.51, pop=0.49), answer=answer) for answer in answers]
    assert [selector(window) for window in windows] == [True, True, False, True, True, True]


def test_an_uncertain_decision_changes_nothing():
    assert selected(DecisionFilter(min_score=0.8, on_change=True), [0.9, 0.3, 0.9, 0.1, 0.3, 0.95]) == [0.9, 0.1, 0.95]


@pytest.mark.parametrize(("name", "value"), [("min_score", -0.1), ("min_score", 1.1), ("margin", float("nan"))])
def test_what_is_no_probability_is_refused(name, value):
    with pytest.raises(ParameterError, match=f"{name}={value}: expected a probability"):
        DecisionFilter(**{name: value})


def totals(times, labels, window_s=3.0, stride_s=0.5):
    counted = AnswerDurations(window_s, stride_s)
    for time_s, label in zip(times, labels, strict=True):
        counted.add(prediction(time_s, **{label: 1.0}))
    return counted


def test_a_label_lasts_from_the_decision_before():
    counted = totals([3.0, 3.5, 4.0, 4.5], ["jazz", "pop", "pop", "jazz"])
    assert counted.seconds == {"jazz": 3.5, "pop": 1.0}
    assert counted.fractions() == [("jazz", 3.5, pytest.approx(7 / 9)), ("pop", 1.0, pytest.approx(2 / 9))]
    assert (counted.decisions, counted.end_s) == (4, 4.5)


def test_audio_that_was_dropped_belongs_to_no_label():
    assert totals([3.0, 60.0], ["jazz", "pop"]).seconds == {"jazz": 3.0, "pop": 3.0}


def test_a_stride_longer_than_the_window_counts_whole():
    assert totals([3.0, 13.0], ["jazz", "pop"], stride_s=10.0).seconds == {"jazz": 3.0, "pop": 10.0}


def test_answers_are_counted_and_not_labels():
    counted = AnswerDurations(3.0, 0.5)
    for time_s, answer in ((3.0, "jazz"), (3.5, "silence"), (4.0, "silence")):
        counted.add(dataclasses.replace(prediction(time_s, jazz=1.0), answer=answer))
    assert counted.seconds == {"jazz": 3.0, "silence": 1.0}


def test_nothing_heard_has_no_shares():
    assert totals([], []).fractions() == []


def mixed(time_s, rock, padded=False):
    scores = {"rock": rock, "jazz": 1 - rock}
    label = max(scores, key=scores.get)
    return Prediction(time_s, label, scores[label], scores, answer=label, audio_fraction=0.5 if padded else 1.0)


def test_no_smoothing_leaves_predictions_as_they_are():
    smoother = Smoother(0)
    for one in (mixed(0.5, 0.9), mixed(1.0, 0.1), mixed(1.5, 0.6)):
        assert smoother(one) is one


def test_the_first_prediction_counts_in_full():
    first = mixed(3.0, 0.8)
    assert Smoother(5.0)(first) == first


@pytest.mark.parametrize("seconds", [0.25, 2.0])
def test_what_was_heard_a_time_constant_ago_counts_one_over_e(seconds):
    smoother = Smoother(seconds)
    smoother(mixed(1.0, 1.0))
    smoothed = smoother(mixed(1.0 + seconds, 0.0))
    assert smoothed.scores["rock"] == pytest.approx(1 / math.e)
    assert (smoothed.label, smoothed.time_s) == ("jazz", 1.0 + seconds)
    assert smoothed.score == smoothed.scores["jazz"] == pytest.approx(1 - 1 / math.e)


def test_the_label_changes_only_when_the_smoothed_scores_do():
    smoother = Smoother(2.0)
    labels = [smoother(mixed(0.5 * step, 1.0 if step < 4 else 0.0)).label for step in range(10)]
    assert labels == ["rock"] * 6 + ["jazz"] * 4  # exp(-2 x 0.25) = 0.61, exp(-3 x 0.25) = 0.47


@given(
    seconds=st.floats(0.01, 100),
    steps=st.lists(st.tuples(st.floats(0, 10), st.floats(0, 1)), min_size=1, max_size=20),
)
def test_scores_stay_probabilities_between_the_lowest_and_the_highest_heard(seconds, steps):
    smoother, time_s = Smoother(seconds), 0.0
    for step, rock in steps:
        time_s += step
        smoothed = smoother(mixed(time_s, rock))
        assert sum(smoothed.scores.values()) == pytest.approx(1)
        assert smoothed.score == max(smoothed.scores.values()) == smoothed.scores[smoothed.label]
    heard = [rock for _, rock in steps]
    assert min(heard) - 1e-9 <= smoothed.scores["rock"] <= max(heard) + 1e-9


def test_smoothing_goes_by_time_not_by_decisions():
    """Two half steps do what one whole step does: the stride must not change the outcome."""
    coarse, fine = Smoother(3.0), Smoother(3.0)
    for smoother in (coarse, fine):
        smoother(mixed(0.0, 1.0))
    fine(mixed(0.5, 0.2))
    assert fine(mixed(1.0, 0.2)).scores["rock"] == pytest.approx(coarse(mixed(1.0, 0.2)).scores["rock"])


def test_silence_neither_changes_the_smoothed_scores_nor_is_changed():
    smoother = Smoother(2.0)
    smoother(mixed(0.5, 1.0))
    silent = dataclasses.replace(mixed(1.0, 0.0), answer="silence", level_dbfs=-90.0)
    assert smoother(silent) is silent
    assert smoother(mixed(1.5, 1.0)).scores["rock"] == pytest.approx(1)


def test_smoothed_scores_are_answered_anew():
    """A window that is unsure by itself is not, where those before it were sure."""
    unsure = Answering(Rejection(temperature=1.0, min_probability=0.7))
    smoother = Smoother(10.0, unsure)
    assert smoother(unsure.answered(mixed(0.5, 0.6))).answer == "unknown"
    for time_s in (1.0, 10.0):
        assert smoother(unsure.answered(mixed(time_s, 1.0))).label == "rock"
    assert smoother(unsure.answered(mixed(10.5, 0.55))).answer == "rock"


def test_the_rest_of_a_prediction_stays():
    smoother = Smoother(1.0)
    smoother(mixed(0.0, 0.5))
    assert smoother(mixed(1.0, 0.5, padded=True)).padded


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_an_impossible_time_constant_is_refused(seconds):
    with pytest.raises(ParameterError, match=f"smooth={seconds}: expected 0 or more seconds"):
        Smoother(seconds)
