"""The figures that training promises: an epoch beside plain Keras, and edge's time to the paper recipe's accuracy."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genrekit.bench.results.stats import median_ratio
from genrekit.runtime import MfccConfig
from genrekit.toolkit.compute import Processes
from genrekit.toolkit.corpus import scan as corpus
from genrekit.toolkit.corpus.extraction import extract
from genrekit.toolkit.corpus.scan import Corpus, Track
from genrekit.toolkit.corpus.segments import Segments
from genrekit.toolkit.demo_corpus import make_demo_corpus
from genrekit.toolkit.models import MODELS
from genrekit.toolkit.splits import assign as splits
from genrekit.toolkit.training.recipes import PAPER, Recipe, recipe, windows_wanted
from genrekit.toolkit.training.spec import Epoch, Training
from genrekit.toolkit.training.train import train

if TYPE_CHECKING:
    import keras

# Training segments; GTZAN has 6,400. Fewer for the slow models, whose steps are all alike.
EPOCH_SEGMENTS = {"mlp": 6400, "mlp-regularized": 6400, "cnn": 3200, "lstm": 1280}
ROUNDS = 2
EPOCHS = 4  # a call; the first builds the graph and is not counted
EPOCH_TARGET = 1.05
# As many as GTZAN has: on fewer segments, the best of the paper recipe's epochs is a matter of luck.
DEMO_TRACKS_PER_GENRE = 100
ACCURACY_MODELS = ("mlp", "cnn")
ACCURACY_TARGET = 0.6
CLASSES = 10

Progress = Callable[[int, int, str], None]


def training_figures(progress: Progress) -> Iterator[dict[str, Any]]:
    """Measure them, on as many threads as TensorFlow takes.

    Args:
        progress: called before each figure.

    Yields:
        Rows {"name", "at_most", "value", "low", "high", "first_ms", "second_ms"}: of an epoch, ours / plain Keras; and
        {"name", "at_most", "value", "accuracy", "first_s", "second_s"}: of the time to the best validation accuracy of
        the paper recipe, edge / paper.
    """
    total = len(EPOCH_SEGMENTS) + len(ACCURACY_MODELS)
    for done, model in enumerate(EPOCH_SEGMENTS):
        progress(done, total, f"epochs of {model}")
        yield epoch_figure(model)
    progress(len(EPOCH_SEGMENTS), total, "a demo corpus")
    with tempfile.TemporaryDirectory(prefix="genrekit-training-") as folder:
        make_demo_corpus(Path(folder), DEMO_TRACKS_PER_GENRE, seed=0, jobs=-1)
        wanted = windows_wanted(recipe("edge", model) for model in ACCURACY_MODELS)
        segments = extract(corpus.scan(folder), executor=Processes(-1), **wanted)
        for done, model in enumerate(ACCURACY_MODELS, len(EPOCH_SEGMENTS)):
            progress(done, total, f"{model} to the paper's accuracy")
            yield accuracy_figure(model, segments)


def epoch_figure(model: str, chosen: Recipe = PAPER, segments: int | None = None) -> dict[str, Any]:
    """Seconds an epoch of genrekit's training / of plain `keras.Model.fit`: same model, batch and data.

    Both count all that lies between the ends of two epochs: order, steps, validation, augmentation, checkpoint.
    """
    training = _synthetic(model, chosen, segments or EPOCH_SEGMENTS[model])
    ours: list[float] = []
    plain: list[float] = []
    for _ in range(ROUNDS):
        ours += _our_epochs(training)
        plain += _plain_epochs(training)
    ratio, low, high = median_ratio(ours, plain)
    return {
        "name": f"an epoch of {model}, {chosen.name}: ours / plain Keras",
        "value": ratio,
        "at_most": EPOCH_TARGET,
        "low": low,
        "high": high,
        "first_ms": ours,
        "second_ms": plain,
    }


def _synthetic(model: str, chosen: Recipe, train_count: int) -> Training:
    """A training on noise with a quarter as many segments for validation, as GTZAN's 6,400 and 1,600."""
    count = train_count * 5 // 4 + CLASSES
    generator = np.random.default_rng(0)
    config = MfccConfig()
    shape = (count, chosen.shifts, config.window_frames, config.n_mfcc)
    features = generator.standard_normal(shape, dtype=np.float32)
    labels = np.arange(count) % CLASSES
    names = tuple(f"class {label}" for label in range(CLASSES))
    tracks = tuple(Track(Path(f"{index}.wav"), names[label]) for index, label in enumerate(labels))
    found = Corpus(Path(), tracks, names, demo=True)
    segments = Segments(
        found, config, features[:, 0], labels, np.arange(count), np.zeros(count, int), np.zeros(count, bool), ()
    )
    if chosen.shifts > 1:
        segments = dataclasses.replace(segments, shifted=features[:, 1:])
    parts = np.repeat(["train", "validation", "test"], [train_count, count - train_count - CLASSES, CLASSES])
    return Training(MODELS[model], dataclasses.replace(chosen, epochs=EPOCHS, min_steps=0), segments, parts, "file", 0)


def _our_epochs(training: Training) -> list[float]:
    """Milliseconds of each epoch but the first."""
    ends: list[float] = []
    with tempfile.TemporaryDirectory(prefix="genrekit-training-") as folder:
        train(training, Path(folder), lambda history, epochs: ends.append(time.perf_counter()))
    return (1000 * np.diff(ends)).tolist()


def _plain_epochs(training: Training) -> list[float]:
    """The same of the script that one would write without genrekit."""
    import keras

    train_rows, validation = training.subsets == "train", training.subsets == "validation"
    features, labels = training.segments.features, training.segments.labels
    ends: list[float] = []
    model = _plain_model(training)
    model.fit(
        features[train_rows],
        labels[train_rows],
        batch_size=training.recipe.batch_size,
        epochs=EPOCHS,
        validation_data=(features[validation], labels[validation]),
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter()))],
    )
    return (1000 * np.diff(ends)).tolist()


def _plain_model(training: Training) -> keras.Model:
    import keras

    keras.utils.set_random_seed(0)
    model = training.spec.build(training.segments.features.shape[1:], CLASSES)
    model.compile(
        keras.optimizers.Adam(training.recipe.learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


class _Reached(Exception):  # noqa: N818 (no error: it ends a training that has shown what was asked)
    pass


def accuracy_figure(model: str, segments: Segments, split: str = "track", seed: int = 0) -> dict[str, Any]:
    """Time of the edge recipe to the best validation accuracy of the paper recipe / time of the paper recipe to it.

    Returns:
        A row of `training_figures`; "value" is None where edge does not reach the accuracy.
    """
    parts = splits.assign(segments, split, seed)

    def curve(name: str, enough: float) -> list[tuple[float, float]]:
        return _curve(Training(MODELS[model], recipe(name, model), segments, parts, split, seed), enough)

    paper = curve("paper", enough=2.0)
    accuracy = max(accuracy for _, accuracy in paper)
    paper_s, edge_s = (seconds_to(points, accuracy) for points in (paper, curve("edge", enough=accuracy)))
    return {
        "name": f"{model} to the paper recipe's accuracy: edge / paper",
        "value": edge_s and edge_s / paper_s,
        "at_most": ACCURACY_TARGET,
        "accuracy": accuracy,
        "first_s": edge_s,
        "second_s": paper_s,
    }


def _curve(training: Training, enough: float) -> list[tuple[float, float]]:
    """(seconds since the start, validation accuracy) after each epoch, up to one that is at least `enough`."""
    points: list[tuple[float, float]] = []
    start = time.perf_counter()

    def look(history: list[Epoch], epochs: int) -> None:
        points.append((time.perf_counter() - start, history[-1].val_accuracy))
        if points[-1][1] >= enough:
            raise _Reached

    with tempfile.TemporaryDirectory(prefix="genrekit-training-") as folder, contextlib.suppress(_Reached):
        train(training, Path(folder), look)
    return points


def seconds_to(points: Sequence[tuple[float, float]], accuracy: float) -> float | None:
    """When the first of `points`, (seconds, accuracy), has at least `accuracy`; None where none has."""
    return next((seconds for seconds, reached in points if reached >= accuracy), None)
