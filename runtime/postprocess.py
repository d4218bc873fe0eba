"""What is made of a stream's decisions: steadier ones, those that say something new, how long each answer lasted."""

from __future__ import annotations

import math

from .errors import ParameterError
from .prediction import Answering, Prediction, most_probable

MARGIN = 0.1


class Smoother:
    """Mixes each prediction's scores with those before it; silent ones neither change nor are changed.

    Args:
        seconds: the time constant: what came that long ago counts 1/e as much as what comes now; 0 leaves
            predictions as they are.
        answering: when the smoothed label is the answer, ``Classifier.answering`` of the model.

    Raises:
        ParameterError: `seconds` is negative.
    """

    def __init__(self, seconds: float, answering: Answering = Answering()) -> None:  # noqa: B008 (frozen)
        if not 0 <= seconds < math.inf:
            raise ParameterError(f"smooth={seconds}: expected 0 or more seconds")
        self._seconds, self._answering = seconds, answering
        self._previous: Prediction | None = None

    def __call__(self, prediction: Prediction) -> Prediction:
        """`prediction` with smoothed scores, and the label, score and answer that follow from them."""
        if self._seconds == 0 or self._answering.is_silent(prediction):
            return prediction
        if (old := self._previous) is not None:
            kept = math.exp(-(prediction.time_s - old.time_s) / self._seconds)
            new = prediction.scores.items()
            scores = {label: kept * old.scores[label] + (1 - kept) * score for label, score in new}
            prediction = self._answering.answered(most_probable(prediction, scores))
        self._previous = prediction
        return prediction


class DecisionFilter:
    """Decides which predictions are worth a line.

    Args:
        min_score: a prediction with a lower score is passed over.
        on_change: whether only a new answer counts. A label is new behind another when its score exceeds that one's by
            `margin`: where two labels are close, their order may change with every stride.
        margin: of the hysteresis, as a probability.

    Raises:
        ParameterError: `min_score` or `margin` lies outside [0, 1].
    """

    def __init__(self, min_score: float = 0.0, on_change: bool = False, margin: float = MARGIN) -> None:
        for name, value in (("min_score", min_score), ("margin", margin)):
            if not 0 <= value <= 1:
                raise ParameterError(f"{name}={value}: expected a probability, from 0 to 1")
        self._min_score, self._on_change, self._margin = min_score, on_change, margin
        self._answer: str | None = None

    def __call__(self, prediction: Prediction) -> bool:
        """Whether `prediction` is one of them."""
        if prediction.score < self._min_score:
            return False
        if not self._on_change:
            return True
        if prediction.answer == self._answer:
            return False
        before = prediction.scores.get(self._answer or "")
        if before is not None and prediction.answer == prediction.label and prediction.score - before < self._margin:
            return False
        self._answer = prediction.answer
        return True


class AnswerDurations:
    """How many seconds of the audio each answer lasted, from the predictions as they come.

    A prediction stands for the time since the one before it, the first of all for its whole window.

    Attributes:
        seconds: by answer, in the order in which they first came.
        decisions: how many predictions came.
        end_s: where the last one ended.
    """

    def __init__(self, window_s: float, stride_s: float) -> None:
        self._window_s, self._stride_s = window_s, stride_s
        self.seconds: dict[str, float] = {}
        self.decisions = 0
        self.end_s = 0.0

    def add(self, prediction: Prediction) -> None:
        """Count `prediction`."""
        # Behind audio that was dropped a prediction stands for no more than its window.
        lasted = min(prediction.time_s - self.end_s, max(self._window_s, self._stride_s))
        self.seconds[prediction.answer] = self.seconds.get(prediction.answer, 0.0) + lasted
        self.decisions += 1
        self.end_s = prediction.time_s

    def fractions(self) -> list[tuple[str, float, float]]:
        """(answer, seconds, fraction of all) of each answer, the longest first."""
        total = sum(self.seconds.values())
        ranked = sorted(self.seconds.items(), key=lambda item: -item[1])
        return [(label, seconds, seconds / total if total else 0.0) for label, seconds in ranked]
