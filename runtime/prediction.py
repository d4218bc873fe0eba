"""What is decided of a window: the model's scores, and the answer that they deserve."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np

from .errors import ParameterError
from .modelfile.rejection import Rejection

SILENCE, UNKNOWN = "silence", "unknown"  # answers that are no labels
SILENCE_DBFS = -60.0
SHORTEST = 0.1  # of a window: less audio gets no label for its answer


@dataclasses.dataclass(frozen=True)
class Prediction:
    """One decision.

    Attributes:
        time_s: end of the window, in seconds from the start of the stream.
        label: the most probable class.
        score: its probability.
        scores: every label's probability, in the model's order.
        answer: `label`, or "silence", or "unknown" where the model does not know (see `Answering`).
        level_dbfs: of the window's audio, from `level_dbfs`.
        distance: of its MFCC from those of the training, where 1 is the largest that still counts as alike; nan where
            the model file does not tell.
        audio_fraction: fraction of the window that is audio, in (0, 1]; the rest was padded with silence.
    """

    time_s: float
    label: str
    score: float
    scores: dict[str, float]
    answer: str
    level_dbfs: float = 0.0
    distance: float = math.nan
    audio_fraction: float = 1.0

    @property
    def padded(self) -> bool:
        """Whether the audio was shorter than a window."""
        return self.audio_fraction < 1

    @property
    def unlike_training(self) -> bool:
        """Whether the window is farther from the training than any that still counts as alike."""
        return self.distance > 1


@dataclasses.dataclass(frozen=True)
class Answering:
    """When an answer is the label, and when it is another.

    Attributes:
        rejection: what the model file knows of its own limits; None: only silence is told from labels.
        silence_dbfs: windows of a lower level are silent, in dB re full scale.
        any_answer: whether the label is the answer to everything.

    Raises:
        ParameterError: `silence_dbfs` is not from -200 to 0.
    """

    rejection: Rejection | None = None
    silence_dbfs: float = SILENCE_DBFS
    any_answer: bool = False

    def __post_init__(self) -> None:
        if not -200 <= self.silence_dbfs <= 0:
            raise ParameterError(f"silence_dbfs={self.silence_dbfs}: expected dB re full scale, -200 to 0; try -60")

    def answered(self, prediction: Prediction) -> Prediction:
        """`prediction` with the answer that follows from its other fields."""
        return dataclasses.replace(prediction, answer=self._answer(prediction))

    def is_silent(self, prediction: Prediction) -> bool:
        """Whether there is nothing in the window."""
        return prediction.level_dbfs < self.silence_dbfs

    def _answer(self, prediction: Prediction) -> str:
        if self.any_answer:
            return prediction.label
        if prediction.audio_fraction < SHORTEST:
            return UNKNOWN
        if self.is_silent(prediction):
            return SILENCE
        unsure = self.rejection is not None and self.rejection.unsure(np.array(list(prediction.scores.values())))
        return UNKNOWN if unsure or prediction.unlike_training else prediction.label

    def of_recording(self, windows: Sequence[Prediction]) -> str:
        """The answer of a whole recording: that of the mean scores over its windows that are not silent.

        It is "silence" where all are. `windows`: at least one.
        """
        sounding = [window for window in windows if not self.is_silent(window)] or windows
        return self.answered(
            dataclasses.replace(
                most_probable(sounding[-1], mean_scores(sounding)),
                level_dbfs=max(window.level_dbfs for window in sounding),
                distance=float(np.median([window.distance for window in sounding])),
                audio_fraction=max(window.audio_fraction for window in sounding),
            )
        ).answer


def mean_scores(windows: Sequence[Prediction]) -> dict[str, float]:
    """The mean probability of each label over `windows`, at least one."""
    means = np.mean([list(window.scores.values()) for window in windows], axis=0)
    return dict(zip(windows[0].scores, map(float, means), strict=True))


def most_probable(prediction: Prediction, scores: Mapping[str, float]) -> Prediction:
    """`prediction` with other `scores`, and the label and score that follow from them; its answer stays."""
    label = max(scores, key=scores.__getitem__)
    return dataclasses.replace(prediction, label=label, score=scores[label], scores=dict(scores))


def level_dbfs(samples: np.ndarray) -> float:
    """Root mean square of `samples` [shape=(n,)] about their mean, in dB re full scale (1.0); -inf for a constant."""
    mean = samples.mean()
    about_mean = samples - mean
    power = float(np.dot(about_mean, about_mean)) / len(samples)
    # What rounding leaves of a constant in float32 is nothing.
    return 10 * math.log10(power) if power > 1e-12 * float(mean) ** 2 else -math.inf
