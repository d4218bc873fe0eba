"""What an epoch of training takes, beside what others report of theirs."""

from __future__ import annotations

from ..results.schema import Bench
from .format import text, three_digits
from .table import Table


def training_table(bench: Bench) -> Table | None:
    """Seconds an epoch and milliseconds a clip, which corpora of other sizes can be compared by; None without rows."""
    if not bench.training:
        return None
    headings = ["model", "seconds an epoch", "segments", "ms a clip"]
    rows = [
        [
            row.model,
            three_digits(row.seconds_per_epoch),
            text(row.segments),
            three_digits(milliseconds_a_clip(row.seconds_per_epoch, row.segments)),
        ]
        for row in bench.training
    ]
    reference, note = bench.training_reference, ""
    if reference:
        headings += [f"{reference.machine}, seconds an epoch", f"{reference.machine}, ms a clip"]
        for cells in rows:
            seconds = reference.seconds_per_epoch.get(cells[0])
            cells += [
                text(seconds if seconds is None else f"{seconds:g}"),
                three_digits(milliseconds_a_clip(seconds, reference.segments)),
            ]
        note = (
            f"The figures of {reference.source}, on an {reference.machine}, are over {reference.segments:,} segments; "
            "milliseconds a clip make corpora of other sizes comparable."
        )
    headings.append("our figure")
    for cells, row in zip(rows, bench.training, strict=True):
        cells.append(text(row.source))
    return Table("Training, an epoch", headings, rows, [False, *[True] * (len(headings) - 2), False], note)


def milliseconds_a_clip(seconds: float | None, segments: int | None) -> float | None:
    """What a clip of an epoch takes in training; None where one of the two is not known."""
    return 1000 * seconds / segments if seconds is not None and segments else None
