"""What each option of the edge recipe is worth: edge without it, beside edge and paper, over several seeds."""

from __future__ import annotations

import dataclasses
import math
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...bench.report.table import Table
from ...bench.results.stats import student_quantile
from ...runtime import load
from ...runtime.util.foreign_text import markdown_text
from ..corpus.front_ends import differences, in_words
from ..corpus.segments import Segments
from ..evaluation.scores import CorpusFacts, accuracy, corpus_facts, sample_std
from ..models import model_spec
from ..splits.assign import assign
from ..splits.leakage import LEAK, duplicate_caveat, leaks, merged_duplicates
from ..training.recipes import ADDABLE, OPTIONS, Recipe, recipe, uses
from ..training.run_folder import MODEL
from ..training.spec import Metrics, Training

SCHEMA = 1
MEASURES = {
    "test": "test, by segment",
    "test_tracks": "test, by track",
    "as_heard": "as heard, by segment",
    "validation": "validation, by segment",
}

WITHOUT_TOP_DB = "edge without top_db"  # the variant of another front end, which takes a stream less memory

TrainRun = Callable[[Training, Path, str], Metrics]  # a training, its folder, what it is called


@dataclasses.dataclass(frozen=True)
class Variant:
    """What is trained: a recipe, on segments, which are `heard` as `extract` hears them in rooms."""

    recipe: Recipe
    segments: Segments
    heard: Segments


@dataclasses.dataclass(frozen=True)
class Accuracy:
    """Accuracies in [0, 1] over the seeds.

    Attributes:
        mean: over the seeds.
        std: standard deviation over the seeds; None for one seed.
        difference: mean of variant minus edge, seed by seed; `difference_std` is its standard deviation.
        difference_interval: of that mean, by Student's t, 95 %; None for one seed.
        values: one of each seed.
    """

    mean: float
    std: float | None
    difference: float
    difference_std: float | None
    difference_interval: tuple[float, float] | None
    values: list[float]


@dataclasses.dataclass(frozen=True)
class RunAccuracies:
    """What one run reaches under each of `MEASURES`, in [0, 1]."""

    test: float
    test_tracks: float
    as_heard: float
    validation: float


@dataclasses.dataclass(frozen=True)
class Row:
    """A variant of the recipe under each of `MEASURES`."""

    variant: str
    test: Accuracy
    test_tracks: Accuracy
    as_heard: Accuracy
    validation: Accuracy


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ablation:
    """What `genrekit ablation` writes to JSON; `front_end`: the fields that differ from the paper's."""

    schema: int = SCHEMA
    model: str
    split: str
    segments_leak: bool
    duplicates_apart: tuple[tuple[str, str], ...]
    seeds: list[int]
    corpus: CorpusFacts
    front_end: dict[str, Any]
    rows: list[Row]


def variants(model: str, epochs: int | None = None) -> dict[str, Recipe]:
    """Paper, edge, edge without each option that it uses for `model`, and with those it has off, by their titles."""
    edge = recipe("edge", model, epochs)
    without = [recipe("edge", model, epochs, without=[option]) for option in OPTIONS if uses(edge, option)]
    added = [recipe("edge", model, epochs, adding=[option]) for option in ADDABLE if not uses(edge, option)]
    return {variant.title: variant for variant in (recipe("paper", model, epochs), edge, *without, *added)}


def folder_name(title: str, seed: int) -> str:
    """Where a variant's run with `seed` lies: ``edge-without-mixup-seed-0``."""
    return f"{re.sub('[^a-z]+', '-', title)}-seed-{seed}"


def measure(
    model: str,
    variants: Mapping[str, Variant],
    split: str,
    seeds: int,
    folder: Path,
    train_run: TrainRun,
) -> Ablation:
    """Train each variant with the seeds 0, 1, ..., or take the runs that are there.

    Args:
        variants: by their titles, ``edge`` among them.
        split: as for `assign`.
        folder: for the runs.
        train_run: trains one.
    """
    metrics: list[Metrics] = []
    reached: dict[str, list[RunAccuracies]] = {title: [] for title in variants}
    segments = variants["edge"].segments
    for seed in range(seeds):
        subsets = assign(segments, split, seed)
        for title, chosen in variants.items():
            training = Training(model_spec(model), chosen.recipe, chosen.segments, subsets, split, seed)
            name, run = f"{model}, {title}, seed {seed}", folder / folder_name(title, seed)
            metrics.append(train_run(training, run, name))
            reached[title].append(_accuracies(metrics[-1], run, chosen.heard, subsets == "test"))
    return Ablation(
        model=model,
        split=split,
        segments_leak=leaks(split),
        duplicates_apart=merged_duplicates(one.duplicates_apart for one in metrics),
        seeds=list(range(seeds)),
        corpus=corpus_facts(segments),
        front_end=differences(segments.config),
        rows=summarize(reached),
    )


def _accuracies(metrics: Metrics, run: Path, heard: Segments, test: np.ndarray) -> RunAccuracies:
    """Of a finished run: its own, and what its model makes of the `heard` segments of the `test` subset."""
    as_heard = accuracy(load(run / MODEL).predict(heard.features[test]), heard.labels[test])
    found = (metrics.test.accuracy, metrics.test_tracks.accuracy, as_heard, metrics.validation.accuracy)
    return RunAccuracies(*(value or 0.0 for value in found))


def summarize(reached: Mapping[str, Sequence[RunAccuracies]]) -> list[Row]:
    """One row a variant, from what its runs reach, in the same order of seeds; ``edge`` among them."""
    values = {
        title: {measure: [getattr(run, measure) for run in runs] for measure in MEASURES}
        for title, runs in reached.items()
    }
    return [
        Row(title, **{measure: _accuracy(found[measure], values["edge"][measure]) for measure in MEASURES})
        for title, found in values.items()
    ]


def _accuracy(values: list[float], edge: list[float]) -> Accuracy:
    differences = [own - other for own, other in zip(values, edge, strict=True)]
    mean, difference, spread = statistics.mean(values), statistics.mean(differences), sample_std(differences)
    half = None if spread is None else student_quantile(len(values) - 1) * spread / math.sqrt(len(values))
    interval = None if half is None else (difference - half, difference + half)
    return Accuracy(mean, sample_std(values), difference, spread, interval, values)


def cells(row: Row) -> list[str]:
    """A row's cells: the variant, then accuracy and difference to edge under each of `MEASURES`."""
    found = [row.variant]
    for measure in MEASURES:
        own: Accuracy = getattr(row, measure)
        found.append(f"{own.mean:.3f}")
        found.append("" if row.variant == "edge" else f"{own.difference:+.3f}{_interval(own)}")
    return found


def _interval(own: Accuracy) -> str:
    ends = own.difference_interval
    return "" if ends is None else f" ± {(ends[1] - ends[0]) / 2:.3f}"


def table(result: Ablation) -> Table:
    """A row a variant."""
    headings = ["variant", *(text for heading in MEASURES.values() for text in (heading, "less edge"))]
    return Table(f"Ablation of the edge recipe: {result.model}", headings, [cells(row) for row in result.rows])


def markdown(result: Ablation) -> str:
    """The table and what was measured, as a page of Markdown."""
    found = dataclasses.replace(table(result), note=caption(result))
    return f"# {markdown_text(found.title)}\n\n{found.to_markdown()}"


def caption(result: Ablation) -> str:
    """What was measured, in one or two sentences."""
    corpus = result.corpus
    seeds = ", ".join(map(str, result.seeds))
    spread = "means, and mean differences ± half of their 95 % intervals, over seeds"
    spread = spread if len(result.seeds) > 1 else "seed"
    return (
        f"{corpus.name}, {corpus.tracks} tracks, split {Path(result.split).name}; {spread} {seeds}."
        + (f" Front end: {in_words(result.front_end)}." if result.front_end else "")
        + (f" {LEAK[0].upper()}{LEAK[1:]}." if result.segments_leak else "")
        + "".join(f" {duplicate_caveat(pair)}." for pair in result.duplicates_apart)
        + (" The corpus is synthetic: these figures say nothing about music." if corpus.demo else "")
    )
