"""The reproduction as tables of text: one list of cells for Markdown and HTML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....bench.report.table import Table
from ....bench.report.training import milliseconds_a_clip
from ...splits.assign import LEAK, repeat_caveat
from .published import TRAINING

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


def tables(result: dict[str, Any]) -> list[Table]:
    """The tables of `reproduction.reproduce`'s result, in the paper's order, then ours."""
    printed = [_printed_table(result["columns"], numbers, title) for numbers, title in TITLES.items()]
    return [*printed, _times(result["columns"]), _splits(result["splits"])]


def _printed_table(columns: Sequence[dict[str, Any]], numbers: tuple[int, ...], title: str) -> Table:
    chosen = [column for column in columns if set(numbers) <= set(column["tables"])]
    rows = [_row(column, *row) for column in chosen for row in ROWS]
    note = f"Split by segment at random, as in the paper: {LEAK}."
    return Table(title, ["", "printed", "ours", "difference"], rows, note=note)


def _row(column: dict[str, Any], name: str, theirs: str, ours: str) -> list[str]:
    printed, found = column["printed"][theirs], column["ours"][ours]
    return [f"{_title(column)}: {name}", f"{printed:.4f}", with_deviation(found), f"{found['mean'] - printed:+.4f}"]


def _title(column: dict[str, Any]) -> str:
    ours = "" if column["epochs"] == column["printed_epochs"] else f" (ours {column['epochs']})"
    return f"{column['title']}, {column['printed_epochs']} epochs{ours}"


def _times(columns: Sequence[dict[str, Any]]) -> Table:
    """Seconds an epoch, and milliseconds a segment, which do not depend on the size of the corpus."""
    rows = []
    for column in columns:
        printed = column["printed_seconds_per_epoch"]
        ours_ms = milliseconds_a_clip(column["seconds_per_epoch"], column["training_segments"])
        printed_ms = milliseconds_a_clip(printed, TRAINING.segments)
        rows.append(
            [
                _title(column),
                f"{column['seconds_per_epoch']:.2f}",
                f"{column['training_segments']}",
                f"{ours_ms:.3f}",
                "–" if printed is None else f"{printed:g}",
                "–" if printed is None else f"{printed_ms:.3f}",
                "–" if printed is None else f"{ours_ms / printed_ms:.2f}",
            ]
        )
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


def _splits(under: Sequence[dict[str, Any]]) -> Table:
    """A row for each split and model; what the corpus cannot be divided by stands in the note."""
    headings = ["split and model", "training", "validation", "test", "test by track", "test segments", "tracks"]
    rows = []
    for split in under:
        leaks = " (leaks)" if split["leaks"] else ""
        for model, scores in split.get("models", {}).items():
            parts = [with_deviation(scores[part]) for part in ("train", "validation", "test", "test_tracks")]
            counts = [str(scores["test_segments"]), str(scores["tracks"])]
            rows.append([f"{split['split']}{leaks}: {model}", *parts, *counts])
    repeats = [
        f" {split['split']}: {repeat_caveat(pair)}." for split in under for pair in split.get("repeats_apart", ())
    ]
    refused = [f" Not possible: {split['refused']}." for split in under if "refused" in split]
    return Table(
        "Accuracy of the paper's recipe under each split",
        headings,
        rows,
        note=f"(leaks): {LEAK}.{''.join(repeats + refused)}",
    )


def with_deviation(found: dict[str, Any]) -> str:
    """A mean with the deviation over seeds, where there are several."""
    if found["deviation"] is None:
        return f"{found['mean']:.4f}"
    return f"{found['mean']:.4f} ± {found['deviation']:.4f}"
