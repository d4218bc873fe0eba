"""What models predict for clips, with genrekit's front end or librosa's, and the calls that are timed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...runtime import Classifier, MfccConfig, ModelDescription, load, mfcc
from ...runtime.errors import GenrekitError, MissingPackageError, ParameterError
from .clips import Clips, Samples

FrontEnd = Callable[[Samples, MfccConfig], Samples]


def front_end(name: str) -> FrontEnd:
    """The function (samples, config) -> float32 MFCC [shape=(frames, n_mfcc)] called `name`: genrekit or librosa.

    Raises:
        ParameterError: another name.
        MissingPackageError: librosa is not installed.
    """
    if name == "genrekit":
        return mfcc
    if name != "librosa":
        raise ParameterError(f"front_end={name}: expected genrekit or librosa")
    try:
        import librosa
    except ModuleNotFoundError as error:
        raise MissingPackageError("the baseline needs librosa, which is not installed: pip install librosa") from error

    def librosa_mfcc(samples: Samples, config: MfccConfig) -> Samples:
        # The three steps of librosa.feature.mfcc, which itself takes no top_db.
        mel = librosa.feature.melspectrogram(
            y=samples,
            sr=config.sample_rate,
            n_fft=config.n_fft,
            hop_length=config.hop_length,
            n_mels=config.n_mels,
            center=config.center,
        )
        decibels = librosa.power_to_db(mel, top_db=config.top_db)
        features: Samples = librosa.feature.mfcc(S=decibels, n_mfcc=config.n_mfcc).T
        return features

    return librosa_mfcc


def classify_call(classifier: Classifier, front_end_name: str) -> Callable[[Samples], Any]:
    """The call that takes one clip's samples to its label."""
    if front_end_name == "genrekit":
        return classifier.classify
    features_of = front_end(front_end_name)
    return lambda window: _labels(classifier, classifier.predict(features_of(window, classifier.config)[None]))


def check_fit(description: ModelDescription, clips: Clips) -> None:
    """Raise ParameterError where the model takes other windows than `clips`, or does not know all their classes."""
    config, samples = description.front_end, clips.samples.shape[1]
    if (config.window_samples, config.sample_rate) != (samples, clips.sample_rate):
        raise ParameterError(
            f"clips of {samples} samples at {clips.sample_rate} Hz: expected {config.window_samples} at "
            f"{config.sample_rate} Hz, as the model's front end takes; bench it on clips of its own"
        )
    unknown = sorted(set(clips.class_names) - set(description.labels))
    if unknown:
        raise ParameterError(
            f"classes={', '.join(unknown)}: expected classes that the model knows ({', '.join(description.labels)}); "
            "bench it on a corpus with its labels"
        )


@dataclasses.dataclass(frozen=True)
class Predicted:
    """What a model makes of clips.

    Attributes:
        labels: of each clip.
        scores: their probabilities, in [0, 1].
        unknown: for each clip whether the model's file says that it does not know; empty where it cannot tell.
    """

    labels: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()
    unknown: tuple[bool, ...] = ()


def predictions(classifier: Classifier, clips: Clips, front_end_name: str = "genrekit") -> Predicted:
    """What `classifier` makes of each clip."""
    rejection = classifier.description.rejection
    if classifier.description.takes_audio:
        probabilities = np.concatenate([classifier.predict_audio(window[np.newaxis]) for window in clips.samples])
        unknown = rejection.unsure(probabilities) if rejection else ()
        return _predicted(classifier, probabilities, unknown)
    if front_end_name == "genrekit":
        features = clips.features(classifier.config)
    else:
        features_of = front_end(front_end_name)
        features = np.stack([features_of(window, classifier.config) for window in clips.samples])
    probabilities = classifier.predict(features)
    return _predicted(classifier, probabilities, rejection.rejects(features, probabilities) if rejection else ())


def _predicted(classifier: Classifier, probabilities: Samples, unknown: Iterable[bool]) -> Predicted:
    return Predicted(
        tuple(_labels(classifier, probabilities)),
        tuple(map(float, probabilities.max(axis=1))),
        tuple(map(bool, unknown)),
    )


def _labels(classifier: Classifier, probabilities: npt.NDArray[np.float32]) -> list[str]:
    """The most probable label of each row [shape=(n, classes)]."""
    return [classifier.labels[best] for best in probabilities.argmax(axis=1)]


def reference_labels(models: Mapping[str, Path], clips: Clips) -> dict[str, list[str] | str]:
    """What each Keras model (name -> path) predicts for the clips: labels, or the sentence that says why not."""
    answer: dict[str, list[str] | str] = {}
    for name, path in models.items():
        try:
            classifier = load(path)
            check_fit(classifier.description, clips)
            answer[name] = list(predictions(classifier, clips).labels)
        except GenrekitError as error:
            answer[name] = str(error)
    return answer
