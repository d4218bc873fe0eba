"""The reproduction as tables of text: one list of cells for Markdown and HTML."""

from __future__ import annotations

from collections.abc import Sequence

from ....bench.report.columns import milliseconds_a_clip
from ....bench.report.table import Table
from ...splits.leakage import LEAK, duplicate_caveat
from .published import TRAINING
from .reproduction import Column, Reproduction, SplitResult, Spread

ROWS = (
    ("training accuracy", "training_accuracy", "training_accuracy"),
    ("testing accuracy, validation part", "testing_accuracy", "validation_accuracy"),
    ("testing accuracy, test part", "testing_accuracy", "test_accuracy"),
    ("training error", "training_error", "training_error"),
    ("testing error, validation part", "testing_error", "validation_error"),
    ("testing error, test part", "testing_error", "test_error"),
)
TITLES = {
    (1, 2, 3): "Tables 1 to 3: the CNN after 30 and after 50 epochs",
    (4,): "Table 4: the LSTM",
    (5,): "Table 5: the four models",
}


def tables(result: Reproduction) -> list[Table]:
    """The tables in the paper's order, then ours."""
    printed = [_printed_table(result.columns, numbers, title) for numbers, title in TITLES.items()]
    return [*printed, _times(result.columns), _splits(result.splits)]


def _printed_table(columns: Sequence[Column], numbers: tuple[int, ...], title: str) -> Table:
    chosen = [column for column in columns if set(numbers) <= set(column.published.tables)]
    rows = [_row(column, *row) for column in chosen for row in ROWS]
    note = f"Split by segment at random, as in the paper: {LEAK}."
    return Table(title, ["", "printed", "ours", "difference"], rows, note=note)


def _row(column: Column, name: str, theirs: str, ours: str) -> list[str]:
    printed, found = getattr(column.published, theirs), column.ours[ours]
    return [f"{_title(column)}: {name}", f"{printed:.4f}", with_std(found), f"{found.mean - printed:+.4f}"]


def _title(column: Column) -> str:
    published = column.published
    ours = "" if column.epochs == published.epochs else f" (ours {column.epochs})"
    return f"{published.title}, {published.epochs} epochs{ours}"


def _times(columns: Sequence[Column]) -> Table:
    """Seconds an epoch, and milliseconds a segment, which do not depend on the size of the corpus."""
    rows = []
    for column in columns:
        ours_ms = milliseconds_a_clip(column.seconds_per_epoch, column.training_segments)
        ours = [f"{column.seconds_per_epoch:.2f}", str(column.training_segments), f"{ours_ms:.3f}"]
        rows.append([_title(column), *ours, *_printed_times(column.published.seconds_per_epoch, ours_ms)])
    headings = [
        "",
        "s an epoch",
        "segments",
        "ms a segment",
        f"{TRAINING.machine}: s an epoch",
        "ms a segment",
        "ours / printed",
    ]
    return Table("Time of training", headings, rows, note=f"The paper's epochs go over {TRAINING.segments} segments.")


def _printed_times(seconds: float | None, ours_ms: float | None) -> list[str]:
    printed_ms = milliseconds_a_clip(seconds, TRAINING.segments)
    if seconds is None or printed_ms is None or ours_ms is None:
        return ["–", "–", "–"]
    return [f"{seconds:g}", f"{printed_ms:.3f}", f"{ours_ms / printed_ms:.2f}"]


def _splits(results: Sequence[SplitResult]) -> Table:
    """A row for each split and model; what the corpus cannot be divided by stands in the note."""
    headings = ["split and model", "training", "validation", "test", "test by track", "test segments", "tracks"]
    rows = []
    for result in results:
        leaks = " (leaks)" if result.leaks else ""
        for model, scores in result.models.items():
            spreads = (scores.train, scores.validation, scores.test, scores.test_tracks)
            counts = [str(scores.test_segments), str(scores.tracks)]
            rows.append([f"{result.split}{leaks}: {model}", *map(with_std, spreads), *counts])
    duplicates = [f" {each.split}: {duplicate_caveat(pair)}." for each in results for pair in each.duplicates_apart]
    refused = [f" Not possible: {result.refused}." for result in results if result.refused]
    return Table(
        "Accuracy of the paper's recipe under each split",
        headings,
        rows,
        note=f"(leaks): {LEAK}.{''.join(duplicates + refused)}",
    )


def with_std(found: Spread) -> str:
    """A mean with the standard deviation over seeds, where there are several."""
    return f"{found.mean:.4f}" if found.std is None else f"{found.mean:.4f} ± {found.std:.4f}"
