"""What a finished training leaves in its folder: the model, what it says of itself, metrics, history, pictures."""

from __future__ import annotations

import csv
import dataclasses
import importlib.metadata
import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...converters.keras_graph.macs import count_macs, macs_notes
from ...runtime import ModelDescription, Normalization, Rejection
from ...runtime.modelfile.description import Accuracy, TrainingCorpus
from ...runtime.util.atomic import replacing, write_text
from ..evaluation.scores import Scores, corpus_facts
from ..splits.assign import subsets_digest
from ..splits.leakage import caveat, duplicates_apart, leaks
from .run_folder import DESCRIPTION, EXPORT_FEATURES, HISTORY, METRICS, MODEL, ExportFeatures
from .spec import Epoch, EpochSeconds, Metrics, Training

if TYPE_CHECKING:
    import keras


def best_epoch(history: Sequence[Epoch]) -> int:
    """Index of the epoch with the lowest validation loss, the first of equals."""
    return min(range(len(history)), key=lambda index: history[index].val_loss)


def run_metrics(training: Training, model: keras.Model, history: Sequence[Epoch], scores: Scores) -> Metrics:
    """What metrics.json is to hold."""
    segments, recipe = training.segments, training.recipe
    seconds = [row.seconds for row in history]
    duplicates = () if leaks(training.split) else tuple(duplicates_apart(segments, training.subsets))
    return Metrics(
        **vars(scores),
        model=training.spec.name,
        recipe=recipe.name,
        without=list(recipe.without),
        added=list(recipe.added),
        split=training.split,
        duplicates_apart=duplicates,
        seed=training.seed,
        epochs=len(history),
        best_epoch=best_epoch(history) + 1 if recipe.best_epoch else len(history),
        parameters=model.count_params(),
        seconds_per_epoch=EpochSeconds(statistics.median(seconds), seconds, recipe.windows(scores.train.segments)),
        labels=segments.corpus.labels,
        corpus=corpus_facts(segments),
        settings=training.settings,
    )


def describe(
    training: Training,
    model: keras.Model,
    normalization: Normalization | None,
    rejection: Rejection,
    metrics: Metrics,
) -> ModelDescription:
    """What the model says of itself."""
    corpus = metrics.corpus
    return ModelDescription(
        model=training.spec.name,
        labels=training.segments.corpus.labels,
        front_end=training.segments.config,
        normalization=normalization,
        rejection=rejection,
        parameters=metrics.parameters,
        macs=count_macs(model),
        recipe=training.recipe.title,
        split=training.split,
        seed=training.seed,
        corpus=TrainingCorpus(
            corpus.name, corpus.fingerprint, corpus.tracks, corpus.demo, subsets_digest(training.subsets)
        ),
        accuracy=Accuracy(
            metrics.train.accuracy, metrics.validation.accuracy, metrics.test.accuracy, metrics.test_tracks.accuracy
        ),
        notes=macs_notes(model),
        toolkit_version=importlib.metadata.version("genrekit"),
    )


def write_run(
    folder: Path,
    training: Training,
    model: keras.Model,
    description: ModelDescription,
    history: Sequence[Epoch],
    metrics: Metrics,
) -> None:
    """Everything into `folder`, metrics.json last: where it stands, the run is complete; raises OutputError."""
    from . import plots

    with replacing(folder / MODEL) as temporary:
        model.save(temporary)
    write_text(folder / DESCRIPTION, description.sealed_json([(folder / MODEL).read_bytes()]))
    with replacing(folder / HISTORY) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in dataclasses.fields(Epoch)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(map(dataclasses.asdict, history))
    features = ExportFeatures.choose(training.segments, training.subsets, training.seed)
    features.save(folder / EXPORT_FEATURES)
    title = training.spec.name + caveat(training.split)
    plots.write_curves(folder / "curves.png", history, title)
    plots.write_confusion(folder / "confusion.png", metrics.confusion, metrics.labels, title)
    write_text(folder / METRICS, json.dumps(dataclasses.asdict(metrics), indent=1, allow_nan=False) + "\n")
