"""When a model does not know: what its file carries to tell windows that are unsure or unlike its training."""

from __future__ import annotations

import base64
import dataclasses
import functools
import math
from typing import Any

import numpy as np

from .fields import checked, is_number, json_object

COEFFICIENTS = 13  # whose statistics are compared, at most: what a file carries grows with their square
MAX_NUMBERS = 1400  # in `Rejection.centers` and `Rejection.whitening`: 3.7 kB of text
TINIEST = 1e-7  # probability, as Keras clips it


@dataclasses.dataclass(frozen=True)
class Rejection:
    """What tells windows that a model should not be trusted with. Fitted by ``toolkit.training.rejection``.

    Arrays are little-endian float16 in base64. ``s`` is the number of `window_statistics`.

    Attributes:
        temperature: divides the logarithms of probabilities, so that they become calibrated ones (Guo et al., 2017,
            On calibration of modern neural networks); > 0.
        min_probability: below this calibrated probability of its label, a window is unsure; in [0, 1].
        max_distance: from the nearest of `centers`; beyond it a window is unlike the training; > 0, None for unknown.
        centers: of the training windows' statistics, whitened: of each class, or of all together [shape=(n, s)].
        whitening: the rows of the lower triangular matrix that whitens statistics [shape=(s * (s + 1) / 2,)].
    """

    temperature: float
    min_probability: float
    max_distance: float | None = None
    centers: str = ""
    whitening: str = ""

    def unsure(self, scores: np.ndarray) -> np.ndarray:
        """Whether the calibrated probability of the most probable class is too low: [n, classes] -> bool [n]."""
        unsure: np.ndarray = calibrated(scores, self.temperature).max(axis=-1) < self.min_probability
        return unsure

    def distances(self, features: np.ndarray) -> np.ndarray:
        """How far windows are from those of the training, where 1 is `max_distance`; nan where that is not known.

        Mahalanobis' distance of `window_statistics` from the nearest center (after Lee et al., 2018, A simple unified
        framework for detecting out-of-distribution samples).

        Args:
            features: raw MFCC [shape=(n, frames, n_mfcc)]; of a single frame nothing is known.
        """
        if self.max_distance is None or features.shape[-2] < 2:
            return np.full(len(features), np.nan)
        whitening, centers = self._whitening_and_centers
        apart = (window_statistics(features) @ whitening.T)[:, np.newaxis] - centers
        distances: np.ndarray = np.sqrt(np.square(apart).sum(axis=2).min(axis=1)) / self.max_distance
        return distances

    def rejects(self, features: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Which windows are unsure or unlike the training: bool [shape=(n,)]; arguments as of the others."""
        return self.unsure(scores) | (self.distances(features) > 1)

    @functools.cached_property
    def _whitening_and_centers(self) -> tuple[np.ndarray, np.ndarray]:
        rows = unpacked(self.whitening)
        size = _triangle_side(len(rows))
        whitening = np.zeros((size, size))
        whitening[np.tril_indices(size)] = rows
        return whitening, unpacked(self.centers).reshape(-1, size)


def calibrated(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Softmax of ln(p) / temperature: probabilities [shape=(..., classes)] -> the same shape, rows that sum to 1."""
    logits = np.log(np.maximum(probabilities, TINIEST)) / temperature
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    softmax: np.ndarray = powers / powers.sum(axis=-1, keepdims=True)
    return softmax


def window_statistics(features: np.ndarray) -> np.ndarray:
    """What a window's MFCC are like, whatever happens in it when: [shape=(..., frames, n_mfcc)] -> [shape=(..., s)].

    Of each coefficient ln(1 + standard deviation) over the frames, which are at least two, of all but the first, which
    is the level, also the mean, and one number for how fast they change: the mean of
    ln((1 + std of the differences of frames) / (1 + std)).
    """
    # Each coefficient's frames side by side, and einsum instead of numpy's own std: half the time for each window.
    kept = np.ascontiguousarray(features[..., :COEFFICIENTS].swapaxes(-1, -2), np.float64)
    means, deviations = _means_and_deviations(kept)
    _, of_differences = _means_and_deviations(kept[..., 1:] - kept[..., :-1])
    spread = np.log1p(deviations)
    pace = (np.log1p(of_differences) - spread).mean(axis=-1, keepdims=True)
    return np.concatenate((means[..., 1:], spread, pace), axis=-1)


def _means_and_deviations(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means and standard deviations over the last axis: [shape=(..., n)] -> twice [shape=(...)]."""
    means = values.sum(axis=-1) / values.shape[-1]
    apart = values - means[..., np.newaxis]
    return means, np.sqrt(np.einsum("...i,...i->...", apart, apart) / values.shape[-1])


def packed(numbers: np.ndarray) -> str:
    """`numbers` as base64 of little-endian float16."""
    return base64.b64encode(numbers.astype("<f2").tobytes()).decode()


def unpacked(text: str) -> np.ndarray:
    """The inverse of `packed`: float64 [shape=(n,)]; raises ValueError on text that is none."""
    return np.frombuffer(base64.b64decode(text, validate=True), "<f2").astype(np.float64)


def _triangle_side(numbers: int) -> int:
    """The side s of a triangle of s (s + 1) / 2 numbers."""
    return (math.isqrt(8 * numbers + 1) - 1) // 2


def read_rejection(values: Any, n_mfcc: int) -> Rejection | None:
    """The JSON object of a description as a `Rejection`; raises ModelFileError on what cannot be used."""
    if values is None:
        return None
    fields = json_object("rejection", values)
    rejection = Rejection(
        checked("rejection.temperature", fields.get("temperature"), _is_positive, "a positive number"),
        checked(
            "rejection.min_probability",
            fields.get("min_probability"),
            lambda value: is_number(value) and 0 <= value <= 1,
            "a number from 0 to 1",
        ),
    )
    if fields.get("max_distance") is None:
        return rejection
    size = 2 * min(n_mfcc, COEFFICIENTS)
    triangle = size * (size + 1) // 2
    return dataclasses.replace(
        rejection,
        max_distance=checked("rejection.max_distance", fields["max_distance"], _is_positive, "a positive number"),
        whitening=checked(
            "rejection.whitening",
            fields.get("whitening"),
            lambda text: len(_numbers(text)) == triangle,
            f"{triangle} finite numbers, as base64 of float16",
        ),
        centers=checked(
            "rejection.centers",
            fields.get("centers"),
            lambda text: len(_numbers(text)) > 0 and len(_numbers(text)) % size == 0,
            f"rows of {size} finite numbers, as base64 of float16",
        ),
    )


def _is_positive(value: object) -> bool:
    return is_number(value) and value > 0  # type: ignore[operator]  # is_number has told that it is one


def _numbers(text: object) -> np.ndarray:
    """What `packed` made of finite numbers; nothing where it did not."""
    nothing = np.empty(0)
    if not isinstance(text, str) or len(text) > 3 * MAX_NUMBERS:
        return nothing
    try:
        numbers = unpacked(text)
    except ValueError:
        return nothing
    return numbers if np.isfinite(numbers).all() else nothing
