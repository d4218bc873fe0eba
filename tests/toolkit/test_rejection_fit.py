"""When a model should not be trusted, as training fits it."""

import numpy as np
import pytest
import scipy.special

from genrekit.runtime.modelfile.rejection import MAX_NUMBERS, calibrated, unpacked
from genrekit.toolkit.training.rejection import CAUTION, fit_rejection

FRAMES, COEFFICIENTS = 40, 6


def windows(count, generator, classes=3):
    """Features in classes that differ in their means; and the classes."""
    labels = np.arange(count) % classes
    means = 40 * np.random.default_rng(1).normal(size=(classes, COEFFICIENTS))[labels]
    own = generator.normal(0, 10, (count, 1, COEFFICIENTS))
    slow = np.cumsum(generator.normal(0, 5, (count, FRAMES, COEFFICIENTS)), axis=1)
    return (means[:, np.newaxis] + own + slow).astype(np.float32), labels


def scores(labels, generator, sharpness=1.0, classes=3):
    """Logits that are calibrated at temperature 1, divided by `sharpness`' inverse."""
    logits = generator.normal(0, 1.5, (len(labels), classes))
    probabilities = scipy.special.softmax(logits, axis=1)
    drawn = np.array([generator.choice(classes, p=row) for row in probabilities])
    return scipy.special.softmax(sharpness * logits, axis=1), drawn


def fit(count=300, seed=0, **options):
    generator = np.random.default_rng(seed)
    train, labels = windows(count, generator, **options)
    validation, true = windows(count, generator, **options)
    probabilities, drawn = scores(true, generator)
    return fit_rejection(train, labels, validation, drawn, probabilities), train, validation, drawn, probabilities


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_too_much_or_too_little_confidence(sharpness):
    generator = np.random.default_rng(0)
    features, labels = windows(2000, generator)
    probabilities, drawn = scores(labels, generator, sharpness)
    fitted = fit_rejection(features, labels, features, drawn, probabilities)
    assert fitted.temperature == pytest.approx(sharpness, rel=0.15)


def test_hardly_any_window_that_is_labelled_rightly_is_unsure():
    fitted, _, _, drawn, probabilities = fit()
    right = probabilities.argmax(axis=1) == drawn
    assert fitted.unsure(probabilities)[right].mean() <= 0.01
    lowest = np.quantile(calibrated(probabilities, fitted.temperature).max(axis=1)[right], 0.01)
    assert fitted.min_probability == pytest.approx(1 / 3 + CAUTION * (lowest - 1 / 3))


@pytest.mark.parametrize("seed", range(3))
def test_windows_of_the_same_kind_are_alike_and_others_are_not(seed):
    fitted, *_ = fit(seed=seed)
    generator = np.random.default_rng(100 + seed)
    same, _ = windows(600, generator)
    assert (fitted.distances(same) > 1).mean() <= 0.02
    stationary = generator.normal(0, 10, (50, FRAMES, COEFFICIENTS))
    elsewhere = same[:50] + 200
    assert (fitted.distances(stationary) > 1).all()
    assert (fitted.distances(elsewhere) > 1).all()


def test_each_class_has_its_center():
    fitted, *_ = fit()
    assert len(unpacked(fitted.centers)) == 3 * 2 * COEFFICIENTS


def test_many_classes_share_one_center_so_that_the_file_stays_small():
    generator = np.random.default_rng(0)
    features, labels = windows(600, generator, classes=200)
    probabilities = np.full((600, 200), 1 / 200)
    fitted = fit_rejection(features, labels, features, labels, probabilities)
    assert len(unpacked(fitted.centers)) == 2 * COEFFICIENTS
    assert len(unpacked(fitted.whitening)) < MAX_NUMBERS


@pytest.mark.parametrize("validation", [1, 2])
def test_hardly_any_validation_windows_are_enough(validation):
    generator = np.random.default_rng(0)
    features, labels = windows(60, generator)
    fitted = fit_rejection(features, labels, features[:validation], labels[:validation], np.eye(3)[labels[:validation]])
    assert fitted.max_distance > 0
    assert (fitted.distances(windows(60, generator)[0]) > 1).mean() < 0.2


def test_a_model_that_is_never_right_rejects_by_distance_alone():
    generator = np.random.default_rng(0)
    features, labels = windows(60, generator)
    fitted = fit_rejection(features, labels, features, labels, np.eye(3)[(labels + 1) % 3])
    assert fitted.min_probability == pytest.approx(1 / 3)


def test_windows_of_a_single_frame_have_no_distance():
    generator = np.random.default_rng(0)
    features, labels = windows(60, generator)
    fitted = fit_rejection(features[:, :1], labels, features[:, :1], labels, np.eye(3)[labels])
    assert fitted.max_distance is None


def test_a_coefficient_that_never_changes_is_no_obstacle():
    generator = np.random.default_rng(0)
    features, labels = windows(60, generator)
    features[:, :, 2] = 7.0
    fitted = fit_rejection(features, labels, features, labels, np.eye(3)[labels])
    assert np.isfinite(unpacked(fitted.whitening)).all()
    assert np.isfinite(fitted.distances(features)).all()
