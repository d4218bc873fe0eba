"""When a model should not be trusted: fitted on the parts of a corpus that it may know, kept in its description."""

from __future__ import annotations

import dataclasses

import numpy as np

from ...runtime.modelfile.rejection import MAX_NUMBERS, Rejection, calibrated, packed, unpacked, window_statistics
from ..evaluation.scores import cross_entropy

UNSURE_FRACTION = 0.01  # of the validation windows that are labelled rightly, which might count as unsure
CAUTION = (
    0.65  # of that quantile's way above chance is kept: rightly labelled windows of other tracks lie below it, too
)
SPREADS = 3.0  # standard deviations of ln(distance) above its mean, where a window is unlike the training
SHRINKAGE = 0.02  # of the correlations towards none
TEMPERATURES = np.geomspace(0.2, 5, 161)


def fit_rejection(
    train: np.ndarray, train_labels: np.ndarray, validation: np.ndarray, labels: np.ndarray, probabilities: np.ndarray
) -> Rejection:
    """What a model's description is to say of its limits.

    Args:
        train: raw MFCC of the training subset [shape=(n, frames, n_mfcc)].
        train_labels: their class indices [shape=(n,)].
        validation: raw MFCC of the validation subset [shape=(m, frames, n_mfcc)], at least one.
        labels: their class indices [shape=(m,)].
        probabilities: what the model makes of them [shape=(m, classes)].
    """

    def loss(temperature: float) -> float:
        return cross_entropy(calibrated(probabilities, temperature), labels) or 0.0

    temperature = min(map(float, TEMPERATURES), key=loss)
    best = calibrated(probabilities, temperature).max(axis=1)
    right = best[probabilities.argmax(axis=1) == labels]
    chance = 1 / probabilities.shape[1]
    lowest = float(np.quantile(right, UNSURE_FRACTION)) if len(right) else chance
    rejection = Rejection(temperature, chance + CAUTION * (lowest - chance))
    return rejection if train.shape[1] < 2 else _with_distance(rejection, train, train_labels, validation)


def _with_distance(
    rejection: Rejection, train: np.ndarray, train_labels: np.ndarray, validation: np.ndarray
) -> Rejection:
    """Mahalanobis' distance from the class centers, with the covariance that all classes share."""
    known = window_statistics(train)
    classes = np.unique(train_labels)
    size = known.shape[1]
    if len(classes) * size + size * (size + 1) // 2 > MAX_NUMBERS:
        train_labels, classes = np.zeros_like(train_labels), np.zeros(1, train_labels.dtype)
    means = np.array([known[train_labels == label].mean(axis=0) for label in classes])
    apart = known - means[np.searchsorted(classes, train_labels)]
    scale = np.maximum(apart.std(axis=0), 1e-2)  # else what never changes would leave the range of float16
    correlations = (apart / scale).T @ (apart / scale) / len(apart)
    correlations = (1 - SHRINKAGE) * correlations + SHRINKAGE * np.eye(size)
    whitening = np.linalg.inv(np.linalg.cholesky(correlations)) / scale
    rows = packed(whitening[np.tril_indices(size)])
    whitening[np.tril_indices(size)] = unpacked(rows)  # as it is rounded in the file
    fitted = dataclasses.replace(rejection, max_distance=1.0, centers=packed(means @ whitening.T), whitening=rows)
    seen, new = (np.log(fitted.distances(windows)) for windows in (train, validation))
    # The spread of a few windows may be small by chance.
    limit = new.mean() + SPREADS * max(seen.std(), new.std())
    return dataclasses.replace(fitted, max_distance=float(np.exp(limit)))
