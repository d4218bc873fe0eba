"""How good a model is on a corpus: pure functions of probabilities, labels and track numbers."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence

import numpy as np

from ...bench.results.stats import answered
from ...runtime import Classifier
from ...runtime.errors import ParameterError
from ..corpus.scan import Unusable
from ..corpus.segments import Segments
from ..splits.assign import SUBSETS
from ..splits.leakage import segments_leak


@dataclasses.dataclass(frozen=True)
class SubsetScores:
    """Scores over the segments of a subset: accuracy in [0, 1] and cross-entropy, None where it is empty.

    `padded`: how many of the segments were padded with silence.
    """

    accuracy: float | None
    loss: float | None
    segments: int
    padded: int = 0


@dataclasses.dataclass(frozen=True)
class TrackScores:
    """Accuracy in [0, 1] over whole tracks, None where there are none."""

    accuracy: float | None
    tracks: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scores:
    """How good a model is on each subset.

    Attributes:
        confusion: of the test subset: row = true class, column = chosen class.
        segments_leak: segments of tracks trained on stand in the other subsets, which flatters these.
    """

    train: SubsetScores
    validation: SubsetScores
    test: SubsetScores
    test_tracks: TrackScores
    confusion: list[list[int]]
    segments_leak: bool


@dataclasses.dataclass(frozen=True)
class CorpusFacts:
    """What a result must say of the corpus it was measured on.

    Attributes:
        fingerprint: SHA-256 over the tracks' names and contents, in hexadecimal.
        unusable: those that gave no segment.
        demo: whether genrekit composed it; accuracies on it say nothing about music.
    """

    name: str
    fingerprint: str
    tracks: int
    unusable: tuple[Unusable, ...]
    demo: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evaluation(Scores):
    """The scores of a model file, with what it is and what it was measured on.

    Attributes:
        unknown: fraction of the test segments that are answered with "unknown", in [0, 1]; None where the model's file
            cannot tell.
        answered_accuracy: accuracy over the others, in [0, 1]; None where there are none.
        as_heard: whether the segments were heard in rooms, and not as they are.
    """

    model: str
    format: str
    precision: str
    split: str
    labels: tuple[str, ...]
    corpus: CorpusFacts
    unknown: float | None
    answered_accuracy: float | None
    as_heard: bool


def sample_std(values: Sequence[float]) -> float | None:
    """The standard deviation of a sample; None for one value."""
    return statistics.stdev(values) if len(values) > 1 else None


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> float | None:
    """Fraction of rows whose largest probability is at the label; [n, classes], [n] -> [0, 1], None for n = 0."""
    return float((probabilities.argmax(axis=1) == labels).mean()) if len(labels) else None


def cross_entropy(probabilities: np.ndarray, labels: np.ndarray) -> float | None:
    """Mean of -ln p(label), as Keras clips it: p >= 1e-7. [n, classes], [n] -> >= 0, None for n = 0."""
    if not len(labels):
        return None
    return float(-np.log(np.clip(probabilities[np.arange(len(labels)), labels], 1e-7, 1)).mean())


def confusion(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Counts int64 [shape=(classes, classes)]: row = true class, column = chosen class."""
    classes = probabilities.shape[1]
    chosen = probabilities.argmax(axis=1)
    return np.bincount(labels * classes + chosen, minlength=classes**2).reshape(classes, classes)


def subset_scores(probabilities: np.ndarray, labels: np.ndarray, padded: int = 0) -> SubsetScores:
    """Scores over segments, of which so many were `padded`: probabilities [shape=(n, classes)], labels [shape=(n,)]."""
    return SubsetScores(accuracy(probabilities, labels), cross_entropy(probabilities, labels), len(labels), padded)


def track_scores(probabilities: np.ndarray, labels: np.ndarray, tracks: np.ndarray) -> TrackScores:
    """Scores over tracks, where a track's label is the mean of its segments' probabilities.

    probabilities [shape=(n, classes)]; labels and indices of tracks [shape=(n,)].
    """
    names, first, owner = np.unique(tracks, return_index=True, return_inverse=True)
    means = np.zeros((len(names), probabilities.shape[1]))
    np.add.at(means, owner, probabilities)
    return TrackScores(accuracy(means, labels[first]), len(names))


def score(probabilities: np.ndarray, segments: Segments, subsets: np.ndarray) -> Scores:
    """Scores of each subset, from the probabilities of all segments [shape=(segments, classes)]."""
    labels, test = segments.labels, subsets == "test"

    def of(subset: str) -> SubsetScores:
        chosen = subsets == subset
        return subset_scores(probabilities[chosen], labels[chosen], int(segments.padded[chosen].sum()))

    return Scores(
        **{subset: of(subset) for subset in SUBSETS},
        test_tracks=track_scores(probabilities[test], labels[test], segments.tracks[test]),
        confusion=confusion(probabilities[test], labels[test]).tolist(),
        segments_leak=segments_leak(segments.tracks, subsets),
    )


def evaluate(
    model: Classifier, segments: Segments, subsets: np.ndarray, split: str, as_heard: bool = False
) -> Evaluation:
    """The scores of a model of any format; `subsets` from `assign` under `split`, `as_heard` as of `extract`.

    Raises ParameterError where windows as they are heard in rooms, of which there are only features, meet a file that
    takes sound.
    """
    probabilities, test = _probabilities(model, segments, as_heard), subsets == "test"
    unknown, answered_accuracy = _answered(model, segments, test, probabilities[test])
    return Evaluation(
        **vars(score(probabilities, segments, subsets)),
        unknown=unknown,
        answered_accuracy=answered_accuracy,
        as_heard=as_heard,
        model=model.description.model,
        format=model.description.format,
        precision=model.description.precision,
        split=split,
        labels=tuple(model.labels),
        corpus=corpus_facts(segments),
    )


def _probabilities(model: Classifier, segments: Segments, as_heard: bool) -> np.ndarray:
    if not model.description.takes_audio:
        return model.predict(segments.features)
    if as_heard:
        raise ParameterError(
            f"{model.engine.path}: expected a file that takes features for windows as they are heard in rooms, "
            "received one that takes sound; evaluate the file of the same model and precision that takes features"
        )
    rows = np.arange(len(segments.labels))
    found = np.empty((len(rows), len(model.labels)), np.float32)
    for track in np.unique(segments.tracks):  # the audio of one at a time is in memory
        own = rows[segments.tracks == track]
        found[own] = model.predict_audio(segments.samples(own))
    return found


def _answered(
    model: Classifier, segments: Segments, chosen: np.ndarray, probabilities: np.ndarray
) -> tuple[float | None, float | None]:
    """Of the `chosen` segments the fraction that are answered with "unknown", and the accuracy over the others."""
    rejection = model.description.rejection
    unknown: list[bool] = []
    if rejection:
        rejected = rejection.unsure(probabilities)
        if not model.description.takes_audio:
            # Padding, which `classify` leaves out, would make a window unlike the training.
            rejected |= (rejection.distances(segments.features[chosen]) > 1) & ~segments.padded[chosen]
        unknown = rejected.tolist()
    names = np.array(model.labels)
    truth = names[segments.labels[chosen]].tolist()
    return answered(names[probabilities.argmax(axis=1)].tolist(), unknown, truth, model.labels)


def corpus_facts(segments: Segments) -> CorpusFacts:
    """What a result on `segments` says of their corpus."""
    corpus = segments.corpus
    name = corpus.folder.resolve().name
    return CorpusFacts(name, corpus.fingerprint, len(corpus.tracks), segments.unusable, corpus.demo)
