"""Chooses the windows that set the ranges of quantised numbers."""

from __future__ import annotations

import hashlib

import numpy as np

from ...runtime.errors import CorpusError
from ..trained_model import Calibration


def choose_calibration(features: np.ndarray, labels: np.ndarray, count: int = 200, seed: int = 0) -> Calibration:
    """Choose `count` windows at random, as evenly over the labels as there are windows of each.

    Args:
        features: normalised float32 [shape=(n, frames, n_mfcc)] of the training subset.
        labels: class of each window [shape=(n,)].
        count: how many; all there are where `features` hold fewer.
        seed: of the choice; the same seed chooses the same windows.

    Raises:
        CorpusError: there are no windows, or they hold numbers that are not finite.
    """
    if not len(features):
        raise CorpusError("calibration: expected windows of the training subset, found none; check the split")
    if not np.isfinite(features).all():
        raise CorpusError("calibration: expected finite features, found NaN or infinity; check the corpus")
    chosen = np.ascontiguousarray(features[_balanced(labels, count, seed)], np.float32)
    return Calibration(chosen, seed, hashlib.sha256(chosen.tobytes()).hexdigest())


def _balanced(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Indices, sorted: the labels take turns, each in a random order of its own."""
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    turns = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        members = shuffled[labels[shuffled] == label]
        turns[members] = np.arange(len(members))
    by_turn = shuffled[np.argsort(turns[shuffled], kind="stable")]
    return np.sort(by_turn[:count])
