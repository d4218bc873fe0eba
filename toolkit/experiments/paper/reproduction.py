"""The paper's trainings on a corpus, over several seeds and under every split."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ....runtime.errors import CorpusError
from ...corpus.front_ends import differences
from ...corpus.segments import Segments
from ...evaluation.scores import CorpusFacts, corpus_facts, sample_std
from ...models import model_spec
from ...splits.assign import assign
from ...splits.leakage import leaks, merged_duplicates
from ...training.recipes import recipe
from ...training.run_folder import read_history
from ...training.spec import Epoch, Metrics, Training
from .published import PUBLISHED, USUAL_EPOCHS, PublishedResult

SPLITS = ("segment", "track", "fault-filtered")
PAPER_SPLIT = "segment"
SMOKE_EPOCHS = {30: 2, USUAL_EPOCHS: 3}  # instead of the paper's

OnEpoch = Callable[[str, Sequence[Epoch], int], None]  # name of the run, its history, its epochs


@dataclasses.dataclass(frozen=True)
class Spread:
    """A figure over the seeds: its mean, its sample standard deviation (None for one seed), each value."""

    mean: float
    std: float | None
    all: list[float]

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of `values`, of which there is at least one."""
        return cls(statistics.fmean(values), sample_std(values), list(values))


@dataclasses.dataclass(frozen=True)
class Run:
    """One training: its metrics and its epochs."""

    metrics: Metrics
    history: tuple[Epoch, ...]


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        ours: the same on the validation and on the test part, by name.
        seconds_per_epoch: median of all runs.
        training_segments: an epoch goes over.
        curves: the epochs of the first seed.
    """

    published: PublishedResult
    ours: dict[str, Spread]
    epochs: int
    seconds_per_epoch: float
    training_segments: int
    curves: tuple[Epoch, ...]


@dataclasses.dataclass(frozen=True)
class ModelScores:
    """Accuracies of one model over the seeds, by segment and by track."""

    train: Spread
    validation: Spread
    test: Spread
    test_tracks: Spread
    test_segments: int
    tracks: int


@dataclasses.dataclass(frozen=True)
class SplitResult:
    """The four models under a split, or the sentence by which the corpus was `refused`."""

    split: str
    leaks: bool
    refused: str | None = None
    duplicates_apart: tuple[tuple[str, str], ...] = ()
    models: dict[str, ModelScores] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Reproduction:
    """What `genrekit paper` writes to JSON; `front_end`: the fields that differ from the paper's."""

    corpus: CorpusFacts
    front_end: dict[str, Any]
    classes: tuple[str, ...]
    segments: int
    seeds: int
    smoke: bool
    columns: list[Column]
    splits: list[SplitResult]


def reproduce(
    segments: Segments, folder: Path, *, seeds: int = 3, smoke: bool = False, on_epoch: OnEpoch | None = None
) -> Reproduction:
    """Train what the paper trained, or go on where an earlier call stopped; runs are kept under ``folder/runs``.

    Args:
        segments, folder: the corpus, and where the runs go.
        seeds: how many trainings of each; seeds 0, 1, ... set the split, the weights and the order.
        smoke: with `SMOKE_EPOCHS`, to see the path work.
        on_epoch: called after each epoch.

    Raises:
        CorpusError: the corpus cannot serve the paper's own split.
    """
    from ...training.train import train

    def run(published: PublishedResult, split: str, seed: int) -> Run:
        epochs = SMOKE_EPOCHS[published.epochs] if smoke else published.epochs
        subsets = assign(segments, split, seed)
        chosen = recipe("paper", published.model, epochs)
        training = Training(model_spec(published.model), chosen, segments, subsets, split, seed)
        name = f"{split}, seed {seed}: {published.name}"
        kept = folder / "runs" / split / f"seed-{seed}" / published.name
        metrics = train(training, kept, (lambda history, total: on_epoch(name, history, total)) if on_epoch else None)
        return Run(metrics, read_history(kept))

    columns = [
        _column(published, [run(published, PAPER_SPLIT, seed) for seed in range(seeds)]) for published in PUBLISHED
    ]
    return Reproduction(
        corpus_facts(segments),
        differences(segments.config),
        segments.corpus.labels,
        len(segments.labels),
        seeds,
        smoke,
        columns,
        splits=[_under(split, range(seeds), run) for split in SPLITS],
    )


def _column(published: PublishedResult, runs: Sequence[Run]) -> Column:
    figures = [_figures(run) for run in runs]
    return Column(
        published,
        ours={name: Spread.of([values[name] for values in figures]) for name in figures[0]},
        epochs=runs[0].metrics.epochs,
        seconds_per_epoch=statistics.median(value for run in runs for value in run.metrics.seconds_per_epoch.all),
        training_segments=runs[0].metrics.train.segments,
        curves=runs[0].history,
    )


def _figures(run: Run) -> dict[str, Any]:
    """What the paper prints, of one run, as Keras' own loss and running accuracy have it.

    The loss of the test part is the cross-entropy with the same penalty on the weights (L2) as that of the validation
    part, which Keras adds and our own scores leave out.
    """
    metrics, last = run.metrics, run.history[-1]
    penalty = last.val_loss - (metrics.validation.loss or 0.0)
    return {
        "training_accuracy": last.accuracy,
        "validation_accuracy": metrics.validation.accuracy,
        "test_accuracy": metrics.test.accuracy,
        "training_error": last.loss,
        "validation_error": last.val_loss,
        "test_error": (metrics.test.loss or 0.0) + penalty,
        "test_tracks_accuracy": metrics.test_tracks.accuracy,
    }


def _under(split: str, seeds: range, train: Callable[[PublishedResult, str, int], Run]) -> SplitResult:
    """The four models under `split`, or why the corpus cannot be divided so."""
    usual = [published for published in PUBLISHED if published.epochs == USUAL_EPOCHS]
    try:
        runs = {published.name: [train(published, split, seed) for seed in seeds] for published in usual}
    except CorpusError as error:
        return SplitResult(split, leaks(split), refused=str(error))
    duplicates = merged_duplicates(run.metrics.duplicates_apart for each in runs.values() for run in each)
    models = {}
    for name, each in runs.items():
        spreads = {
            subset: Spread.of([getattr(run.metrics, subset).accuracy for run in each])
            for subset in ("train", "validation", "test", "test_tracks")
        }
        first = each[0].metrics
        models[name] = ModelScores(**spreads, test_segments=first.test.segments, tracks=first.test_tracks.tracks)
    return SplitResult(split, leaks(split), duplicates_apart=duplicates, models=models)
