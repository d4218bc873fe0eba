"""A whole recording -> its windows' predictions, their mean, and the answer."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from .audio import open_file
from .audio.meter import Meter
from .audio_warnings import AudioWarning, WindowTotals, audio_warnings
from .classifier import Classifier
from .errors import AudioError
from .prediction import Prediction, mean_scores


@dataclasses.dataclass(frozen=True)
class Recording:
    """What a model says of a recording.

    Attributes:
        seconds: its length.
        scores: the mean of its windows' probabilities, by label in the model's order.
        answer: that of the windows that are not silent: a label, "silence" or "unknown" (see `Answering`).
        windows: one after the other; audio behind the last whole window is not classified.
        warnings: about the audio.
    """

    seconds: float
    scores: dict[str, float]
    answer: str
    windows: tuple[Prediction, ...]
    warnings: tuple[AudioWarning, ...]

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
    meter = Meter(source.source_rate)
    length = model.config.window_samples
    windows: list[Prediction] = []
    rest, samples = np.empty(0, np.float32), 0
    for block in source.through(meter.pass_on):
        rest = np.concatenate((rest, block))
        samples += len(block)
        while len(rest) >= length:
            windows.append(model.classify(rest[:length], len(windows) * model.config.window_s))
            rest = rest[length:]
    if not windows:
        if not samples:
            raise AudioError(f"{path}: expected audio, received a file that decodes to no samples; record it again")
        windows.append(model.classify(rest))
    answering = model.answering
    totals = WindowTotals(answering, windows)
    return Recording(
        samples / model.config.sample_rate,
        mean_scores(windows),
        answering.of_recording(windows),
        tuple(windows),
        tuple(audio_warnings(meter, source.faults, totals, answering, model.config)),
    )
