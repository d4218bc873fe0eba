"""What several commands do on the way: reading a corpus, training with a progress bar, exporting, choosing clips."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...runtime import MfccConfig, ModelDescription
from ...runtime.errors import CorpusError, ParameterError
from ..compute import open_executor
from ..corpus import scan as corpus
from ..corpus.extraction import extract
from ..corpus.feature_cache import FeatureCache, default_folder
from ..corpus.segments import Segments
from ..models import model_spec
from ..splits import assign as splits
from ..splits.leakage import same_corpus, same_parts
from ..training.recipes import Recipe
from ..training.spec import Training
from ..training.train import train
from .terminal import note, progress, resumable


def read_segments(
    data: Path,
    jobs: int,
    config: MfccConfig = MfccConfig(),  # noqa: B008 (frozen)
    *,
    shifts: int = 1,
    cache: FeatureCache | None = None,
    dask: str | None = None,
) -> Segments:
    """Scan a corpus and compute its features, telling which files cannot serve.

    Args:
        data: its folder.
        jobs, dask: as for `open_executor`.
        config, shifts, cache: as for `extract`.

    Raises:
        ParameterError, CorpusError: as `open_executor` and `extract`.
    """
    with open_executor(jobs, dask) as executor, progress("reading audio") as update:
        found = corpus.scan(data.absolute() if executor.remote else data)
        segments = extract(found, config, executor, update, shifts=shifts, cache=cache)
    for item in segments.unusable:
        note(f"left out: {item.file}: {item.reason}")
    if cache and cache.problem:
        note(f"features are not kept: {cache.problem}; or name another folder with --cache")
    if found.demo:
        note("demo corpus: synthetic, composed by genrekit; accuracies on it say nothing about music")
    return segments


def open_cache(folder: Path | None, no_cache: bool) -> FeatureCache | None:
    """The cache in `folder`, or where it is by default; None where there is to be none.

    Raises:
        ParameterError: a folder is named, and none is wanted.
    """
    if no_cache and folder is not None:
        raise ParameterError(f"cache={folder}: expected no folder beside --no-cache; leave one of them out")
    if no_cache:
        return None
    try:
        return FeatureCache(folder or default_folder())
    except ImportError:
        note("features are not kept: platformdirs is not installed; name a folder with --cache")
        return None


def train_models(
    recipes: Mapping[str, Recipe], segments: Segments, out: Path, split: str, seed: int, **options: bool
) -> Iterator[dict[str, Any]]:
    """Train the models that `recipes` names, each into its folder under `out`; yields their metrics.

    `options` are those of `training.train`: restart, tensorboard.
    """
    parts = splits.assign(segments, split, seed)
    note_split(segments, parts, split)
    for name, recipe in recipes.items():
        yield train_model(Training(model_spec(name), recipe, segments, parts, split, seed), out / name, **options)


def train_model(training: Training, folder: Path, what: str | None = None, **options: bool) -> dict[str, Any]:
    """Train into `folder` with a progress bar named `what`; `options` as for `train_models`."""
    name, epochs = what or training.spec.name, training.recipe.epochs
    with progress(name) as update:

        def show(history: list[dict[str, Any]], total: int) -> None:
            update(len(history), total, f"{name}: {_state(history[-1])}")

        def tell(done: int) -> None:
            note(f"{name}: continues at epoch {done + 1} of {epochs}")

        with resumable(options.get("restart", False)):
            return train(training, folder, show, on_resume=tell, **options)


def _state(row: dict[str, Any]) -> str:
    return (
        f"epoch {row['epoch']}, loss {row['loss']:.3f}, accuracy {row['accuracy']:.3f}, "
        f"validation accuracy {row['val_accuracy']:.3f}"
    )


def note_split(segments: Segments, parts: np.ndarray, split: str) -> None:
    """Say which tracks `parts` leave out, and what flatters the result: segments or copies of a track on both sides."""
    if splits.leaks(split):
        note(f"split by segment: {splits.LEAK}")
        return
    if left_out := len(np.unique(segments.tracks[parts == ""])):
        note(f"{left_out} of {len(np.unique(segments.tracks))} tracks stand in no part: {split} does not name them")
    for repeat in splits.repeats_apart(segments, parts):
        note(f"{splits.repeat_caveat(repeat)}: remove one of them; genrekit corpus check finds near duplicates too")


def split_for(
    description: ModelDescription, segments: Segments, split: str | None, seed: int | None
) -> tuple[np.ndarray, str]:
    """The part of each segment under `split` and `seed`, or under those the model was trained with.

    Raises:
        CorpusError: the corpus has other genres than the model.
    """
    require_labels(description, segments)
    chosen = split or description.split or "track"
    return splits.assign(segments, chosen, description.seed or 0 if seed is None else seed), chosen


def overlap(description: ModelDescription, segments: Segments, parts: np.ndarray) -> str | None:
    """A sentence where what the model was trained on may stand in the `parts` that are measured; else None."""
    if not same_corpus(description, segments):
        return (
            f"trained on {description.corpus.get('name', 'an unknown corpus')}, measured on another corpus: none of "
            "the parts below was its training part, unless both hold the same tracks"
        )
    if same_parts(description, parts):
        return None
    return (
        f"trained with split {description.split}, seed {description.seed or 0}: other parts than here, so that tracks "
        "of every part below may have been in training, which flatters the result"
    )


def require_labels(description: ModelDescription, segments: Segments) -> None:
    """Refuse a corpus whose genres are not the model's labels; raises CorpusError."""
    if description.labels != segments.corpus.labels:
        raise CorpusError(
            f"{segments.corpus.folder}: expected the model's genres {', '.join(description.labels)}, found "
            f"{', '.join(segments.corpus.labels)}; name the corpus that fits the model"
        )
