"""Steadier decisions: exponential smoothing of a stream's scores over seconds."""

from __future__ import annotations

import dataclasses
import math

from .classifier import Prediction
from .errors import ParameterError


class Smoother:
    """Mixes each prediction's scores with those before it.

    Args:
        seconds: the time constant: what was heard that long ago counts 1/e as much as what is heard now; 0 leaves
            predictions as they are.

    Raises:
        ParameterError: `seconds` is negative.
    """

    def __init__(self, seconds: float) -> None:
        if not 0 <= seconds < math.inf:
            raise ParameterError(f"smooth={seconds}: expected 0 or more seconds")
        self._seconds = seconds
        self._previous: Prediction | None = None

    def __call__(self, prediction: Prediction) -> Prediction:
        """`prediction` with smoothed scores, and the label and score that follow from them."""
        if self._previous is not None and self._seconds > 0:
            prediction = self._mixed(prediction, self._previous)
        self._previous = prediction
        return prediction

    def _mixed(self, new: Prediction, old: Prediction) -> Prediction:
        kept = math.exp(-(new.time_s - old.time_s) / self._seconds)
        scores = {label: kept * old.scores[label] + (1 - kept) * score for label, score in new.scores.items()}
        label = max(scores, key=scores.__getitem__)
        return dataclasses.replace(new, label=label, score=scores[label], scores=scores)
