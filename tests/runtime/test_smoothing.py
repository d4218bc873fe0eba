"""Exponential smoothing over seconds."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genrekit.runtime import Prediction
from genrekit.runtime.errors import ParameterError
from genrekit.runtime.smoothing import Smoother


def prediction(time_s, rock, padded=False):
    scores = {"rock": rock, "jazz": 1 - rock}
    label = max(scores, key=scores.get)
    return Prediction(time_s, label, scores[label], scores, padded)


def test_no_smoothing_leaves_predictions_as_they_are():
    smoother = Smoother(0)
    for one in (prediction(0.5, 0.9), prediction(1.0, 0.1), prediction(1.5, 0.6)):
        assert smoother(one) is one


def test_the_first_prediction_counts_in_full():
    first = prediction(3.0, 0.8)
    assert Smoother(5.0)(first) == first


@pytest.mark.parametrize("seconds", [0.25, 2.0])
def test_what_was_heard_a_time_constant_ago_counts_one_over_e(seconds):
    smoother = Smoother(seconds)
    smoother(prediction(1.0, 1.0))
    smoothed = smoother(prediction(1.0 + seconds, 0.0))
    assert smoothed.scores["rock"] == pytest.approx(1 / math.e)
    assert (smoothed.label, smoothed.time_s) == ("jazz", 1.0 + seconds)
    assert smoothed.score == smoothed.scores["jazz"] == pytest.approx(1 - 1 / math.e)


def test_the_label_changes_only_when_the_smoothed_scores_do():
    smoother = Smoother(2.0)
    labels = [smoother(prediction(0.5 * step, 1.0 if step < 4 else 0.0)).label for step in range(10)]
    assert labels == ["rock"] * 6 + ["jazz"] * 4  # exp(-2 x 0.25) = 0.61, exp(-3 x 0.25) = 0.47


@given(
    seconds=st.floats(0.01, 100),
    steps=st.lists(st.tuples(st.floats(0, 10), st.floats(0, 1)), min_size=1, max_size=20),
)
def test_scores_stay_probabilities_between_the_lowest_and_the_highest_heard(seconds, steps):
    smoother, time_s = Smoother(seconds), 0.0
    for step, rock in steps:
        time_s += step
        smoothed = smoother(prediction(time_s, rock))
        assert sum(smoothed.scores.values()) == pytest.approx(1)
        assert smoothed.score == max(smoothed.scores.values()) == smoothed.scores[smoothed.label]
    heard = [rock for _, rock in steps]
    assert min(heard) - 1e-9 <= smoothed.scores["rock"] <= max(heard) + 1e-9


def test_smoothing_goes_by_time_not_by_decisions():
    """Two half steps do what one whole step does: the stride must not change the outcome."""
    coarse, fine = Smoother(3.0), Smoother(3.0)
    for smoother in (coarse, fine):
        smoother(prediction(0.0, 1.0))
    fine(prediction(0.5, 0.2))
    assert fine(prediction(1.0, 0.2)).scores["rock"] == pytest.approx(coarse(prediction(1.0, 0.2)).scores["rock"])


def test_the_rest_of_a_prediction_stays():
    smoother = Smoother(1.0)
    smoother(prediction(0.0, 0.5))
    assert smoother(prediction(1.0, 0.5, padded=True)).padded


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_an_impossible_time_constant_is_refused(seconds):
    with pytest.raises(ParameterError, match=f"smooth={seconds}: expected 0 or more seconds"):
        Smoother(seconds)
