"""What the bench needs from files, a corpus and its runs: cases, clips, Keras references, seconds an epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...bench.measure.clips import Clips
from ...bench.measure.plan import Case, TrainingRow
from ...runtime import ModelDescription
from ...runtime.engines import MEASURED, PROGRAM
from ...runtime.errors import GenrekitError, ParameterError
from ...runtime.modelfile.reader import format_by_name, read_description
from ...runtime.util.room import new_mapped
from ..corpus.segments import Segments
from ..splits.leakage import caveat, overlaps_training
from ..training.run_folder import MODEL, read_metrics, require_model
from ..training.spec import Metrics

IDENTITY = ("model", "labels", "corpus", "recipe", "split", "seed", "accuracy")  # of a training


def cases(models: Sequence[Path], engines: Sequence[str], threads: int) -> list[Case]:
    """Every file on every named engine that reads it; where none is named, on its usual one.

    Raises ParameterError: an engine that there is not, that reads none of the files, or that cannot take the threads.
    """
    formats = {format_by_name(model) for model in models}
    for name in engines:
        if name not in MEASURED:
            raise ParameterError(f"engine={name}: expected one of {', '.join(MEASURED)}")
        if MEASURED[name].format not in formats:
            what = "folder of C" if name == PROGRAM.name else f"{MEASURED[name].format} file"
            raise ParameterError(
                f"engine={name}: expected a {what} among the models, found none; name one, or leave the engine out"
            )
    for name in engines or (PROGRAM.name,) * (PROGRAM.format in formats):
        if MEASURED[name].one_thread and threads != 1:
            raise ParameterError(
                f"threads={threads}: expected 1 for engine {name}, which has one thread only; leave --threads out, or "
                "measure it by itself"
            )
    if not engines:
        return [Case(model, threads=threads) for model in models]
    return [
        Case(model, engine=name, threads=threads)
        for model in models
        for name in engines
        if MEASURED[name].format == format_by_name(model)
    ]


def descriptions(models: Sequence[Path]) -> dict[Path, ModelDescription]:
    """Of each file that has one; the others become rows that say why, as long as one file is left.

    Raises:
        ParameterError: the files have different labels or front ends.
        MissingFileError, ModelFileError: no file can be used.
    """
    found, errors = {}, []
    for model in models:
        try:
            found[model] = read_description(model)
        except GenrekitError as error:
            errors.append(error)
    if not found:
        raise errors[0]
    first, expected = next(iter(found.items()))
    for model, description in found.items():
        if (description.labels, description.front_end) != (expected.labels, expected.front_end):
            raise ParameterError(
                f"{model}: expected the labels and front end of {first}, received others; bench them apart"
            )
    # Agreement and seconds an epoch are reported by a model's name, so that it must mean one training.
    seen: dict[str, Path] = {}
    for model, description in found.items():
        first = seen.setdefault(description.model, model)
        if _identity(found[first]) != _identity(description):
            raise ParameterError(
                f"{model}: expected the same training of {description.model} as {first} is of, received another; bench "
                "them apart"
            )
    return found


def _identity(description: ModelDescription) -> tuple[Any, ...]:
    return tuple(getattr(description, name) for name in IDENTITY)


def save_clips(
    folder: Path, segments: Segments, subsets: np.ndarray, split: str, trained: Iterable[ModelDescription]
) -> Clips:
    """The test part's audio, in files that worker processes map.

    Raises ParameterError where it is empty, OutputError where `folder` cannot be written.

    The audio goes to the disk track by track: that of a large corpus may not fit the memory.
    """
    chosen = np.flatnonzero(subsets == "test")
    folder.mkdir(parents=True, exist_ok=True)
    shape = len(chosen), segments.config.window_samples
    segments.samples(chosen, new_mapped(Clips.samples_file(folder), shape))
    clips = Clips(
        folder,
        segments.corpus.labels,
        sample_rate=segments.config.sample_rate,
        split=f"{split}, test part{caveat(split)}",
        demo=segments.corpus.demo,
        tracks_in_training=any(overlaps_training(description, segments, subsets, split) for description in trained),
    )
    clips.save_labels(segments.labels[chosen])
    return clips


def find_runs(described: Mapping[Path, ModelDescription], folder: Path | None) -> dict[str, Path]:
    """The run folder of each model, by its name: under `folder`, or where quickstart puts them (../runs).

    Raises ModelFileError where a run is damaged.
    """
    # Files of one model share its run, which is looked at once.
    runs = {
        (folder or path.resolve().parent.parent / "runs") / description.model: description
        for path, description in described.items()
    }
    return {
        description.model: run
        for run, description in runs.items()
        if (run / MODEL).is_file() and _identity(require_model(run)) == _identity(description)
    }


def training_rows(runs: dict[str, Path]) -> tuple[TrainingRow, ...]:
    """Seconds an epoch of each run."""
    return tuple(_training_row(name, read_metrics(run)) for name, run in runs.items())


def _training_row(name: str, metrics: Metrics) -> TrainingRow:
    windows = metrics.seconds_per_epoch.windows or metrics.train.segments
    return TrainingRow(
        model=name,
        seconds_per_epoch=metrics.seconds_per_epoch.median,
        segments=windows,
        source=f"median of {metrics.epochs} epochs over {windows} segments, recipe {metrics.recipe}",
    )
