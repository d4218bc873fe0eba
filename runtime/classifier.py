"""Windows of audio -> engine -> predictions, for one window and for a stream."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from .engines import load_engine
from .engines.base import Engine, wrong_windows
from .errors import AudioError, ModelFileError, ParameterError, first_words
from .front_end import mfcc
from .mfcc import MfccConfig, checked
from .mfcc_stream import MfccStream, WindowStream
from .modelfile.description import ModelDescription
from .prediction import SILENCE_DBFS, Answering, Prediction, level_dbfs


class Classifier:
    """A model with its front end: raw MFCC or samples in, probabilities or a `Prediction` out.

    Where the file takes sound, its front end is inside it, and `predict` has no use.

    Attributes:
        engine: what runs the model.
        answering: when an answer is the label.
    """

    def __init__(self, engine: Engine, silence_dbfs: float = SILENCE_DBFS, any_answer: bool = False) -> None:
        self.engine = engine
        self.answering = Answering(engine.description.rejection, silence_dbfs, any_answer)

    @property
    def description(self) -> ModelDescription:
        """What the model file says of itself."""
        return self.engine.description

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names in the order of the outputs."""
        return self.description.labels

    @property
    def config(self) -> MfccConfig:
        """The front end the model was trained with."""
        return self.description.front_end

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Raw MFCC float32 [shape=(batch, frames, n_mfcc)] -> probabilities float32 [shape=(batch, classes)].

        Raises:
            AudioError: the features have another shape.
            ParameterError: the file takes sound.
            ModelFileError: the engine cannot run the model, or its scores are not finite.
        """
        if self.description.takes_audio:
            raise ParameterError(
                f"{self.engine.path}: expected samples for predict_audio, classify or StreamClassifier, received "
                "features; the file takes sound and makes MFCC of it itself"
            )
        features, expected = np.asarray(features, np.float32), self.description.input_shape
        if features.ndim != 3 or features.shape[1:] != expected:
            raise AudioError(wrong_windows(features.shape, expected))
        normalization = self.description.normalization
        return self._scores(normalization.apply(features) if normalization else features)

    def predict_audio(self, samples: np.ndarray) -> np.ndarray:
        """Whole windows of samples -> probabilities float32 [shape=(batch, classes)], whatever the file takes.

        Args:
            samples: mono, in [-1, 1], at ``config.sample_rate``: float32 [shape=(batch, window_samples)].

        Raises:
            AudioError: windows of another length, or samples that are not finite.
            ModelFileError: as of `predict`.
        """
        samples, expected = np.asarray(samples, np.float32), self.config.window_samples
        if samples.ndim != 2 or samples.shape[1] != expected:
            raise AudioError(wrong_windows(samples.shape, (expected,)))
        if self.description.takes_audio:
            checked(samples.ravel())
            return self._scores(samples)
        features = [mfcc(window, self.config) for window in samples]
        return self.predict(np.stack(features) if features else np.empty((0, *self.description.input_shape)))

    def _scores(self, windows: np.ndarray) -> np.ndarray:
        try:
            scores = self.engine(windows)
        except AudioError:  # windows of another shape
            raise
        except Exception as error:  # engines raise whatever they like on a model that they load and cannot run
            raise self._unsound(first_words(error)) from error
        if scores.shape != (len(windows), len(self.labels)):
            raise self._unsound(f"scores of shape {scores.shape}")
        if not np.isfinite(scores).all():
            raise self._unsound("scores that are not finite")
        return scores

    def _unsound(self, received: str) -> ModelFileError:
        return ModelFileError(
            f"{self.engine.path}: expected probabilities, received from {self.engine.name}: {received}; the file "
            "is damaged, or its model was never sound: export it again"
        )

    def classify(self, samples: np.ndarray, start_s: float = 0.0) -> Prediction:
        """One window's samples (mono, at ``config.sample_rate``) -> its `Prediction`; a shorter one is padded.

        The window began at `start_s`.

        Raises:
            AudioError: no samples, more than one window, or values that are not finite.
        """
        samples = np.asarray(samples)
        expected = self.config.window_samples
        if samples.ndim != 1 or not 0 < len(samples) <= expected:
            raise AudioError(
                f"samples.shape={samples.shape}: expected one channel of 1 to {expected} samples "
                f"({self.config.window_s} s at {self.config.sample_rate} Hz); use StreamClassifier for more"
            )
        whole = samples if len(samples) == expected else np.pad(samples, (0, expected - len(samples)))
        taken = checked(whole) if self.description.takes_audio else mfcc(whole, self.config)
        return self.decide(taken, start_s + len(samples) / self.config.sample_rate, samples)

    def decide(self, taken: np.ndarray, time_s: float, audio: np.ndarray) -> Prediction:
        """The `Prediction` of a window that ended at `time_s`.

        Args:
            taken: its raw MFCC [shape=(frames, n_mfcc)]; of a file that takes sound its samples, with what they were
                padded with [shape=(window_samples,)].
            audio: its samples, without those it was padded with [shape=(n,)].
        """
        takes_audio = self.description.takes_audio
        scores = (self._scores if takes_audio else self.predict)(taken[np.newaxis])[0]
        best = int(scores.argmax())
        named = dict(zip(self.labels, scores.tolist(), strict=True))
        rejection = None if takes_audio else self.answering.rejection
        # Padding is none of the audio, and so has no part in its distance.
        own = taken[np.newaxis, : self.config.frame_count(len(audio))]
        prediction = Prediction(
            time_s,
            self.labels[best],
            float(scores[best]),
            named,
            answer=self.labels[best],
            level_dbfs=level_dbfs(audio),
            distance=float(rejection.distances(own)[0]) if rejection else math.nan,
            audio_fraction=len(audio) / self.config.window_samples,
        )
        return self.answering.answered(prediction)


def load(
    path: str | Path,
    threads: int = 1,
    engine: str | None = None,
    *,
    silence_dbfs: float = SILENCE_DBFS,
    any_answer: bool = False,
) -> Classifier:
    """Load a .tflite, .onnx or .keras.

    Parameters and errors as `load_engine`; `silence_dbfs` and `any_answer` as of `Answering`.
    """
    return Classifier(load_engine(path, threads, engine), silence_dbfs, any_answer)


class StreamClassifier:
    """Push samples; get a `Prediction` for each window that became due.

    Decides first when one whole window has come, then every stride (rounded to whole hops). Each decision
    equals ``model.classify`` of that window's samples.

    Args:
        model: from `load`.
        stride_s: seconds from one decision to the next.

    Raises:
        ParameterError: ``stride_s`` is not positive.
    """

    def __init__(self, model: Classifier, stride_s: float = 0.5) -> None:
        self.model = model
        cut = WindowStream if model.description.takes_audio else MfccStream
        self._stream = cut(model.config, stride_s)
        self.reset()

    @property
    def stride_s(self) -> float:
        """The stride as rounded to whole hops, in seconds."""
        return self._stream.stride_samples / self.model.config.sample_rate

    def push(self, samples: np.ndarray) -> list[Prediction]:
        """Take in `samples` (mono [shape=(n,)], in [-1, 1], at ``model.config.sample_rate``); raises AudioError."""
        config, predictions = self.model.config, []
        for taken, window in self._stream.windows(samples):
            end = config.window_samples + self._decisions * self._stream.stride_samples
            predictions.append(self.model.decide(taken, self._start_s + end / config.sample_rate, window))
            self._decisions += 1
        self._samples += len(samples)
        return predictions

    def flush(self) -> list[Prediction]:
        """End the stream: audio shorter than one window is decided on once, padded with silence. Resets."""
        time_s = self._start_s + self._samples / self.model.config.sample_rate
        predictions = [self.model.decide(taken, time_s, audio) for taken, audio in self._stream.rest()]
        self.reset()
        return predictions

    def reset(self, time_s: float = 0.0) -> None:
        """Forget everything that came; the next sample is at `time_s`."""
        self._stream.reset()
        self._start_s = time_s
        self._samples = 0
        self._decisions = 0
