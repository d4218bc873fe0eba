"""The paper's trainings on a corpus, over several seeds and under every split."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ....runtime.errors import CorpusError
from ...corpus.segments import Segments
from ...evaluation import corpus_facts, deviation, repeats_of
from ...models import model_spec
from ...splits import assign as splits
from ...training.recipes import recipe
from ...training.run_folder import read_history
from .published import FIGURES, PRINTED, USUAL_EPOCHS, Printed

SPLITS = ("segment", "track", "fault-filtered")
PAPER_SPLIT = "segment"
SMOKE_EPOCHS = {30: 2, USUAL_EPOCHS: 3}  # instead of the paper's

OnEpoch = Callable[[str, list[dict[str, Any]], int], None]  # name of the run, its history, its epochs


def reproduce(
    segments: Segments, folder: Path, *, seeds: int = 3, smoke: bool = False, on_epoch: OnEpoch | None = None
) -> dict[str, Any]:
    """Train what the paper trained, or go on where an earlier call stopped; runs are kept under ``folder/runs``.

    Args:
        segments: the corpus.
        folder: for the runs.
        seeds: how many trainings of each; seeds 0, 1, ... set the split, the weights and the order.
        smoke: with `SMOKE_EPOCHS`, to see the path work.
        on_epoch: called after each epoch.

    Returns:
        {"corpus", "segments", "seeds", "smoke", "columns": [{"name", "printed", "ours": {figure: spread}, ...}],
        "splits": [{"split", "leaks", "repeats_apart", "models": {name: {...}} or "refused": sentence}],
        "curves": {name: history}}; a spread is {"mean", "deviation", "all"}.

    Raises:
        CorpusError: the corpus cannot serve the paper's own split.
    """
    trainings = _Trainings(segments, folder, seeds, smoke, on_epoch or (lambda name, history, epochs: None))
    columns = [
        _column(printed, [trainings.run(printed, PAPER_SPLIT, seed) for seed in range(seeds)]) for printed in PRINTED
    ]
    return {
        "corpus": corpus_facts(segments),
        "classes": list(segments.corpus.labels),
        "segments": len(segments.labels),
        "seeds": seeds,
        "smoke": smoke,
        "columns": columns,
        "splits": [_under(split, trainings) for split in SPLITS],
    }


class _Trainings:
    """Trains one run after the other, or reads those that are there."""

    def __init__(self, segments: Segments, folder: Path, seeds: int, smoke: bool, on_epoch: OnEpoch) -> None:
        self.segments, self.folder, self.seeds, self.smoke, self.on_epoch = segments, folder, seeds, smoke, on_epoch

    def over_seeds(self, printed: Printed, split: str) -> list[dict[str, Any]]:
        """`run` of each seed."""
        return [self.run(printed, split, seed) for seed in range(self.seeds)]

    def run(self, printed: Printed, split: str, seed: int) -> dict[str, Any]:
        """Metrics and history of one run."""
        from ...training.spec import Training
        from ...training.train import train

        epochs = SMOKE_EPOCHS[printed.epochs] if self.smoke else printed.epochs
        parts = splits.assign(self.segments, split, seed)
        training = Training(
            model_spec(printed.model), recipe("paper", printed.model, epochs), self.segments, parts, split, seed
        )
        name = f"{split}, seed {seed}: {printed.name}"
        folder = self.folder / "runs" / split / f"seed-{seed}" / printed.name
        metrics = train(training, folder, lambda history, total: self.on_epoch(name, history, total))
        return {"metrics": metrics, "history": read_history(folder)}


def _column(printed: Printed, runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One column of a table: printed, ours on the validation and on the test part."""
    each = [_figures(run) for run in runs]
    seconds = [value for run in runs for value in run["metrics"]["seconds_per_epoch"]["all"]]
    return {
        "name": printed.name,
        "title": printed.title,
        "model": printed.model,
        "epochs": runs[0]["metrics"]["epochs"],
        "tables": list(printed.tables),
        "figure": printed.figure,
        "printed": {name: getattr(printed, name) for name in FIGURES},
        "ours": {name: spread([figures[name] for figures in each]) for name in each[0]},
        "seconds_per_epoch": statistics.median(seconds),
        "printed_epochs": printed.epochs,
        "printed_seconds_per_epoch": printed.seconds_per_epoch,
        "training_segments": runs[0]["metrics"]["train"]["segments"],
        "curves": runs[0]["history"],
    }


def _figures(run: dict[str, Any]) -> dict[str, float]:
    """What the paper prints, of one run, as Keras' own loss and running accuracy have it.

    The loss of the test part is the cross-entropy with the same penalty on the weights (L2) as that of the validation
    part, which Keras adds and our own scores leave out.
    """
    metrics, last = run["metrics"], run["history"][-1]
    penalty = last["val_loss"] - metrics["validation"]["loss"]
    return {
        "training_accuracy": last["accuracy"],
        "validation_accuracy": metrics["validation"]["accuracy"],
        "test_accuracy": metrics["test"]["accuracy"],
        "training_error": last["loss"],
        "validation_error": last["val_loss"],
        "test_error": metrics["test"]["loss"] + penalty,
        "test_tracks_accuracy": metrics["test_tracks"]["accuracy"],
    }


def _under(split: str, trainings: _Trainings) -> dict[str, Any]:
    """The four models under `split`, or why the corpus cannot be divided so."""
    head = {"split": split, "leaks": splits.leaks(split)}
    wanted = [printed for printed in PRINTED if printed.epochs == USUAL_EPOCHS]
    try:
        runs = {printed.name: trainings.over_seeds(printed, split) for printed in wanted}
    except CorpusError as error:
        return {**head, "refused": str(error)}
    repeats = repeats_of(run["metrics"] for each in runs.values() for run in each)
    return {**head, "repeats_apart": repeats, "models": {name: _scores(each) for name, each in runs.items()}}


def _scores(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Accuracies of one model over the seeds, by segment and by track."""
    metrics = [run["metrics"] for run in runs]
    return {
        **{
            part: spread([one[part]["accuracy"] for one in metrics])
            for part in ("train", "validation", "test", "test_tracks")
        },
        "test_segments": metrics[0]["test"]["segments"],
        "tracks": metrics[0]["test_tracks"]["tracks"],
    }


def spread(values: Sequence[float]) -> dict[str, Any]:
    """{"mean", "deviation", "all"}: the deviation is that of a sample, None for one value."""
    return {"mean": statistics.fmean(values), "deviation": deviation(values), "all": list(values)}
