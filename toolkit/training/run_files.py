"""What a finished training leaves in its folder: the model, what it says of itself, metrics, history, pictures."""

from __future__ import annotations

import csv
import importlib.metadata
import io
import json
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...converters.keras_graph.macs import count_macs, macs_notes
from ...runtime import ModelDescription, Normalization
from ...runtime.modelfile.description import Accuracy, TrainingCorpus
from ...runtime.util.atomic import replacing, write_text
from ..evaluation import corpus_facts
from ..splits.assign import caveat, fingerprint, leaks, repeats_apart
from .run_folder import DESCRIPTION, EXPORT_FEATURES, HISTORY, METRICS, MODEL, ExportFeatures
from .spec import Training

if TYPE_CHECKING:
    import keras

EPOCH_KEYS = ("loss", "accuracy", "val_loss", "val_accuracy", "seconds")


def best_epoch(history: list[dict[str, Any]]) -> int:
    """Index of the epoch with the lowest validation loss, the first of equals."""
    return min(range(len(history)), key=lambda index: history[index]["val_loss"])


def run_metrics(
    training: Training, model: keras.Model, history: list[dict[str, Any]], scores: dict[str, Any]
) -> dict[str, Any]:
    """What metrics.json holds; `scores` from `evaluation.score_parts`."""
    seconds = [row["seconds"] for row in history]
    return {
        "model": training.spec.name,
        "recipe": training.recipe.name,
        "without": list(training.recipe.without),
        "split": training.split,
        "repeats_apart": [] if leaks(training.split) else repeats_apart(training.segments, training.parts),
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


def describe(
    training: Training, model: keras.Model, normalization: Normalization | None, metrics: dict[str, Any]
) -> ModelDescription:
    """What the model says of itself; `metrics` from `run_metrics`."""
    corpus = {name: metrics["corpus"][name] for name in ("name", "fingerprint", "tracks", "demo")}
    accuracy = {part: metrics[part]["accuracy"] for part in ("train", "validation", "test", "test_tracks")}
    return ModelDescription(
        model=training.spec.name,
        labels=training.segments.corpus.labels,
        front_end=training.segments.config,
        normalization=normalization,
        parameters=metrics["parameters"],
        macs=count_macs(model),
        recipe=training.recipe.title,
        split=training.split,
        seed=training.seed,
        corpus=TrainingCorpus(**corpus, parts=fingerprint(training.parts)),
        accuracy=Accuracy(**accuracy),
        notes=macs_notes(model),
        toolkit_version=importlib.metadata.version("genrekit"),
    )


def write_run(
    folder: Path,
    training: Training,
    model: keras.Model,
    description: ModelDescription,
    history: list[dict[str, Any]],
    metrics: dict[str, Any],
) -> None:
    """Everything into `folder`, metrics.json last: where it stands, the run is complete; raises OutputError."""
    from . import plots

    with replacing(folder / MODEL) as temporary:
        model.save(temporary)
    write_text(folder / DESCRIPTION, description.to_json())
    write_text(folder / HISTORY, _csv(history))
    features = ExportFeatures.choose(training.segments, training.parts, training.seed)
    features.save(folder / EXPORT_FEATURES)
    title = training.spec.name + caveat(training.split)
    plots.write_curves(folder / "curves.png", history, title)
    plots.write_confusion(folder / "confusion.png", metrics["confusion"], metrics["labels"], title)
    write_text(folder / METRICS, json.dumps(metrics, indent=1, allow_nan=False) + "\n")


def _csv(history: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, ("epoch", *EPOCH_KEYS), lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    return text.getvalue()
