"""Trains one model into a run folder: model.keras, description.json, metrics.json, history.csv and two pictures.

Every epoch's order of segments follows from (seed, epoch) alone and the state is saved after each epoch, so a
training that was interrupted ends with the weights of one that was not.
"""

from __future__ import annotations

import csv
import dataclasses
import importlib.metadata
import io
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..converters.macs import count_macs
from ..runtime import ModelDescription, Normalization
from ..runtime.atomic import replacing, write_text
from ..runtime.errors import CorpusError
from .checkpoint import Checkpoint
from .corpus import Segments
from .evaluation import corpus_facts, score_parts
from .models import ModelSpec
from .recipes import Recipe
from .runs import DESCRIPTION, EXPORT_FEATURES, HISTORY, METRICS, MODEL, ExportFeatures, read_metrics
from .splits import caveat

if TYPE_CHECKING:
    import keras

EPOCH_KEYS = ("loss", "accuracy", "val_loss", "val_accuracy", "seconds")

OnEpoch = Callable[[list[dict[str, Any]], int], None]


@dataclasses.dataclass(frozen=True)
class Training:
    """One training: which model, on what, how.

    Attributes:
        spec: the architecture.
        recipe: its settings, with ``epochs`` as wanted.
        segments: the corpus.
        parts: from `splits.assign`.
        split: its name.
        seed: of the weights, the order of segments and dropout.
    """

    spec: ModelSpec
    recipe: Recipe
    segments: Segments
    parts: np.ndarray
    split: str
    seed: int

    @property
    def settings(self) -> dict[str, Any]:
        """What tells this training from another."""
        return {
            "model": self.spec.name,
            "recipe": dataclasses.asdict(self.recipe),
            "split": self.split,
            "seed": self.seed,
            "front_end": self.segments.config.to_dict(),
            "corpus": self.segments.corpus.fingerprint,
        }


def train(training: Training, folder: Path, on_epoch: OnEpoch | None = None) -> dict[str, Any]:
    """Train, or continue an interrupted training, or return the metrics of a finished one.

    Args:
        training: what to do.
        folder: the run's folder; made where missing.
        on_epoch: called after each epoch with the history so far and the largest number of epochs.

    Returns:
        What metrics.json holds.

    Raises:
        CorpusError: the folder holds a finished run with other settings.
        OutputError: the folder cannot be written.
    """
    finished = _finished(training, folder)
    if finished is not None:
        return finished
    normalization = _normalization(training) if training.recipe.normalize else None
    features = training.segments.features
    if normalization:
        features = normalization.apply(features)
    model = _build(training, features.shape[1:])
    checkpoint = Checkpoint(folder, training.settings)
    history = _fit(model, training, features, checkpoint, on_epoch)
    scores = score_parts(model.predict(features, batch_size=256, verbose=0), training.segments, training.parts)
    metrics = _metrics(training, model, history, scores)
    _write_run(folder, training, model, normalization, history, metrics)
    checkpoint.remove()
    return metrics


def _finished(training: Training, folder: Path) -> dict[str, Any] | None:
    path = folder / METRICS
    if not path.is_file():
        return None
    metrics = read_metrics(path)
    if metrics.get("settings") != training.settings:
        raise CorpusError(
            f"{folder}: expected an empty folder or this run, found a finished run of another "
            f"{', '.join(_differing(metrics.get('settings', {}), training.settings))}; name another folder, or remove "
            "this one"
        )
    return metrics


def _differing(found: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Names of the settings that differ, those of the recipe one by one."""
    names = [name for name, value in wanted.items() if found.get(name) != value]
    if "recipe" in names and found.get("recipe", {}).get("name") == wanted["recipe"]["name"]:
        names.remove("recipe")
        names += [name for name, value in wanted["recipe"].items() if found["recipe"].get(name) != value]
    return names


def _normalization(training: Training) -> Normalization:
    """Mean and deviation of each coefficient over the training part."""
    known = training.segments.features[training.parts == "train"].astype(np.float64)
    mean, std = known.mean(axis=(0, 1)), known.std(axis=(0, 1))
    return Normalization(tuple(mean.tolist()), tuple(np.maximum(std, 1e-6).tolist()))


def _build(training: Training, input_shape: tuple[int, int]) -> keras.Model:
    import keras

    keras.utils.set_random_seed(training.seed)
    model = training.spec.build(input_shape, len(training.segments.corpus.labels))
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = training.recipe.batch_norm_momentum
    model.compile(
        optimizer=keras.optimizers.Adam(training.recipe.learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def _fit(
    model: keras.Model, training: Training, features: np.ndarray, checkpoint: Checkpoint, on_epoch: OnEpoch | None
) -> list[dict[str, Any]]:
    """Train to the end of the recipe, leaving the chosen weights in `model`; returns one row an epoch."""
    recipe = training.recipe
    known, validation = (training.parts == part for part in ("train", "validation"))
    train_set = features[known], training.segments.labels[known]
    validation_set = features[validation], training.segments.labels[validation]
    history = checkpoint.restore(model)
    while len(history) < recipe.epochs and not _out_of_patience(history, recipe):
        history.append(_epoch(model, train_set, validation_set, recipe, training.seed, len(history)))
        checkpoint.save(model, history, best=recipe.best_epoch and best_epoch(history) == len(history) - 1)
        if on_epoch:
            on_epoch(history, recipe.epochs)
    if recipe.best_epoch:
        checkpoint.restore_best(model)
    return history


def _epoch(
    model: keras.Model, train_set: tuple, validation_set: tuple, recipe: Recipe, seed: int, epoch: int
) -> dict[str, Any]:
    order = np.random.default_rng([seed, epoch]).permutation(len(train_set[1]))
    start = time.perf_counter()
    result = model.fit(
        *(array[order] for array in train_set),
        batch_size=recipe.batch_size,
        validation_data=validation_set,
        shuffle=False,
        initial_epoch=epoch,
        epochs=epoch + 1,
        verbose=0,
    )
    row = {name: values[0] for name, values in result.history.items()}
    return {"epoch": epoch + 1, **row, "seconds": time.perf_counter() - start}


def best_epoch(history: list[dict[str, Any]]) -> int:
    """Index of the epoch with the lowest validation loss, the first of equals."""
    return min(range(len(history)), key=lambda index: history[index]["val_loss"])


def _out_of_patience(history: list[dict[str, Any]], recipe: Recipe) -> bool:
    if recipe.patience is None or not history:
        return False
    return len(history) - 1 - best_epoch(history) >= recipe.patience


def _metrics(
    training: Training, model: keras.Model, history: list[dict[str, Any]], scores: dict[str, Any]
) -> dict[str, Any]:
    seconds = [row["seconds"] for row in history]
    return {
        "model": training.spec.name,
        "recipe": training.recipe.name,
        "split": training.split,
        "seed": training.seed,
        "epochs": len(history),
        "best_epoch": best_epoch(history) + 1 if training.recipe.best_epoch else len(history),
        "parameters": model.count_params(),
        **scores,
        "seconds_per_epoch": {"median": statistics.median(seconds), "all": seconds},
        "labels": list(training.segments.corpus.labels),
        "corpus": corpus_facts(training.segments),
        "settings": training.settings,
    }


def _describe(
    training: Training, model: keras.Model, normalization: Normalization | None, metrics: dict[str, Any]
) -> ModelDescription:
    corpus = {name: metrics["corpus"][name] for name in ("name", "fingerprint", "tracks", "demo")}
    parts = ("train", "validation", "test", "test_tracks")
    return ModelDescription(
        model=training.spec.name,
        labels=training.segments.corpus.labels,
        front_end=training.segments.config,
        normalization=normalization,
        parameters=metrics["parameters"],
        macs=count_macs(model),
        recipe=training.recipe.name,
        split=training.split,
        seed=training.seed,
        corpus=corpus,
        accuracy={part: metrics[part]["accuracy"] for part in parts},
        toolkit_version=importlib.metadata.version("genrekit"),
    )


def _write_run(
    folder: Path,
    training: Training,
    model: keras.Model,
    normalization: Normalization | None,
    history: list[dict[str, Any]],
    metrics: dict[str, Any],
) -> None:
    """Everything into `folder`, metrics.json last: where it stands, the run is complete."""
    from . import pictures

    with replacing(folder / MODEL) as temporary:
        model.save(temporary)
    write_text(folder / DESCRIPTION, _describe(training, model, normalization, metrics).to_json())
    write_text(folder / HISTORY, _csv(history))
    features = ExportFeatures.choose(training.segments, training.parts, training.seed)
    features.save(folder / EXPORT_FEATURES)
    title = training.spec.name + caveat(training.split)
    pictures.write_curves(folder / "curves.png", history, title)
    pictures.write_confusion(folder / "confusion.png", metrics["confusion"], metrics["labels"], title)
    write_text(folder / METRICS, json.dumps(metrics, indent=1) + "\n")


def _csv(history: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, ("epoch", *EPOCH_KEYS), lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    return text.getvalue()
