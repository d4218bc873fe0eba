"""Metrics as pure functions, against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from genrekit.toolkit.evaluation import scores as evaluation
from genrekit.toolkit.evaluation.scores import SubsetScores, TrackScores
from genrekit.toolkit.splits import assign as splits

PROBABILITIES = np.array([[0.7, 0.3], [0.4, 0.6], [0.2, 0.8], [0.9, 0.1]])
LABELS = np.array([0, 0, 1, 1])


def test_accuracy_is_the_fraction_of_right_choices():
    assert evaluation.accuracy(PROBABILITIES, LABELS) == 0.5


def test_cross_entropy_is_the_mean_negative_log_likelihood():
    expected = -(math.log(0.7) + math.log(0.4) + math.log(0.8) + math.log(0.1)) / 4
    assert evaluation.cross_entropy(PROBABILITIES, LABELS) == pytest.approx(expected)


def test_cross_entropy_of_a_certain_mistake_is_finite():
    assert evaluation.cross_entropy(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(-math.log(1e-7))


def test_confusion_has_true_rows_and_chosen_columns():
    assert evaluation.confusion(PROBABILITIES, LABELS).tolist() == [[1, 1], [1, 1]]
    assert evaluation.confusion(PROBABILITIES[:3], LABELS[:3]).tolist() == [[1, 1], [0, 1]]


def test_a_tracks_label_is_the_mean_of_its_segments():
    # Track 5: means 0.55 and 0.45, right although one of its two segments is wrong; track 9: wrong.
    scores = evaluation.track_scores(PROBABILITIES, LABELS, np.array([5, 5, 9, 9]))
    assert scores == TrackScores(0.5, 2)


def test_an_empty_part_has_no_accuracy():
    assert evaluation.subset_scores(PROBABILITIES[:0], LABELS[:0]) == SubsetScores(None, None, 0)


def test_scores_say_where_segments_leak(segments):
    probabilities = np.full((len(segments.labels), 3), 1 / 3)
    for method, leaks in (("track", False), ("segment", True)):
        scores = evaluation.score(probabilities, segments, splits.assign(segments, method, 0))
        assert scores.segments_leak is leaks
