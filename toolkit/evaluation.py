"""How good a model is: pure functions of probabilities, labels and track numbers."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..runtime import Classifier
from .corpus.segments import Segments
from .splits.assign import PARTS


def deviation(values: Sequence[float]) -> float | None:
    """The standard deviation of a sample; None for one value."""
    return statistics.stdev(values) if len(values) > 1 else None


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> float | None:
    """Share of rows whose largest probability is at the label; [n, classes], [n] -> [0, 1], None for n = 0."""
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


def part_scores(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """{"accuracy", "loss", "segments"} of one part."""
    return {
        "accuracy": accuracy(probabilities, labels),
        "loss": cross_entropy(probabilities, labels),
        "segments": len(labels),
    }


def track_scores(probabilities: np.ndarray, labels: np.ndarray, tracks: np.ndarray) -> dict[str, Any]:
    """{"accuracy", "tracks"} where a track's label is the mean of its segments' probabilities."""
    names, first, owner = np.unique(tracks, return_index=True, return_inverse=True)
    means = np.zeros((len(names), probabilities.shape[1]))
    np.add.at(means, owner, probabilities)
    return {"accuracy": accuracy(means, labels[first]), "tracks": len(names)}


def score_parts(probabilities: np.ndarray, segments: Segments, parts: np.ndarray) -> dict[str, Any]:
    """Scores of each part, of the test part by track, and its confusion matrix, as metrics.json holds them.

    ``segments_leak`` says that segments of tracks trained on stand in the other parts, which flatters these.
    """
    scores: dict[str, Any] = {
        part: part_scores(probabilities[parts == part], segments.labels[parts == part]) for part in PARTS
    }
    test = parts == "test"
    scores["test_tracks"] = track_scores(probabilities[test], segments.labels[test], segments.tracks[test])
    scores["confusion"] = confusion(probabilities[test], segments.labels[test]).tolist()
    unheard = segments.tracks[np.isin(parts, ("validation", "test"))]
    scores["segments_leak"] = bool(np.isin(unheard, segments.tracks[parts == "train"]).any())
    return scores


def evaluate(model: Classifier, segments: Segments, parts: np.ndarray, split: str) -> dict[str, Any]:
    """`score_parts` of a model of any format, with what it was measured on."""
    return {
        "model": model.description.model,
        "format": model.description.format,
        "precision": model.description.precision,
        "split": split,
        **score_parts(model.predict(segments.features), segments, parts),
        "labels": list(model.labels),
        "corpus": corpus_facts(segments),
    }


def repeats_of(metrics: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """The "repeats_apart" of several runs, each pair once."""
    return sorted({tuple(pair) for one in metrics for pair in one.get("repeats_apart", ())})


def corpus_facts(segments: Segments) -> dict[str, Any]:
    """What a result must say of the corpus it was measured on."""
    corpus = segments.corpus
    return {
        "name": corpus.folder.resolve().name,
        "fingerprint": corpus.fingerprint,
        "tracks": len(corpus.tracks),
        "unusable": [{"file": item.file, "reason": item.reason} for item in segments.unusable],
        "demo": corpus.demo,
    }
