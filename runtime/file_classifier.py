"""A whole recording -> its windows' predictions and their mean."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from .audio import AudioFaults, open_file
from .classifier import Classifier, Prediction, StreamClassifier
from .errors import AudioError


@dataclasses.dataclass(frozen=True)
class Recording:
    """What a model says of a recording.

    Attributes:
        seconds: its length.
        scores: the mean of its windows' probabilities, by label in the model's order.
        windows: one after the other; audio behind the last whole window is not classified.
        faults: what was wrong with the audio.
    """

    seconds: float
    scores: dict[str, float]
    windows: tuple[Prediction, ...]
    faults: AudioFaults

    @property
    def label(self) -> str:
        """The label with the highest mean probability."""
        return max(self.scores, key=self.scores.__getitem__)


def classify_file(model: Classifier, path: str | Path) -> Recording:
    """Classify an audio file window after window, reading it block by block.

    Raises:
        MissingFileError, AudioError: no such file, or none that can be decoded.
    """
    source = open_file(path, model.config.sample_rate)
    stream = StreamClassifier(model, stride_s=model.config.window_s)
    windows: list[Prediction] = []
    samples = 0
    for block in source:
        samples += len(block)
        windows += stream.push(block)
    windows += stream.flush()
    if not windows:
        raise AudioError(f"{path}: expected audio, received a file that decodes to no samples; record it again")
    means = np.mean([list(window.scores.values()) for window in windows], axis=0)
    scores = dict(zip(model.labels, map(float, means), strict=True))
    return Recording(samples / model.config.sample_rate, scores, tuple(windows), source.faults)
