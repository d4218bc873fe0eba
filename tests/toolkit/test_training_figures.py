"""What training promises is measured on real trainings, ours and plain Keras'."""

import pytest

from ..ratios.training import EPOCHS, ROUNDS, accuracy_figure, epoch_figure, seconds_to


@pytest.mark.slow
def test_epochs_of_ours_stand_beside_those_of_plain_keras():
    row = epoch_figure("mlp", segments=64)
    assert len(row["first_ms"]) == len(row["second_ms"]) == ROUNDS * (EPOCHS - 1)
    assert row["low"] <= row["value"] <= row["high"]
    assert min(row["first_ms"] + row["second_ms"]) > 0


def test_the_time_to_an_accuracy_is_that_of_the_first_epoch_that_reaches_it():
    points = [(1.0, 0.3), (2.0, 0.5), (3.0, 0.4), (4.0, 0.5)]
    assert seconds_to(points, 0.5) == 2.0
    assert seconds_to(points, 0.6) is None


@pytest.mark.slow
def test_edge_is_timed_to_the_accuracy_of_paper(segments_with_shifts):
    row = accuracy_figure("mlp", segments_with_shifts)
    assert 0 < row["accuracy"] <= 1
    assert row["second_s"] > 0
    assert row["value"] == pytest.approx(row["first_s"] / row["second_s"])
