"""What an epoch of training takes, beside what others report of theirs."""

from __future__ import annotations

from ..results.schema import Bench
from .format import text, three_digits
from .table import Table


def training_table(bench: Bench) -> Table | None:
    """Seconds an epoch and milliseconds a clip, which corpora of other sizes can be compared by; None without rows."""
    if not bench.training:
        return None
    reference, note = bench.training_reference, ""
    headings = ["model", "seconds an epoch", "segments", "ms a clip"]
    if reference:
        headings += [f"{reference.machine}, seconds an epoch", f"{reference.machine}, ms a clip"]
        note = (
            f"The figures of {reference.source}, on an {reference.machine}, are over {reference.segments:,} segments; "
            "milliseconds a clip make corpora of other sizes comparable."
        )
    rows = []
    for row in bench.training:
        ours = milliseconds_a_clip(row.seconds_per_epoch, row.segments)
        cells = [row.model, three_digits(row.seconds_per_epoch), text(row.segments), three_digits(ours)]
        if reference:
            seconds = reference.seconds_per_epoch.get(row.model)
            theirs = milliseconds_a_clip(seconds, reference.segments)
            cells += [text(seconds if seconds is None else f"{seconds:g}"), three_digits(theirs)]
        rows.append([*cells, text(row.source)])
    numeric = [False, *[True] * (len(headings) - 1), False]
    return Table("Training, an epoch", [*headings, "our figure"], rows, numeric, note)


def milliseconds_a_clip(seconds: float | None, segments: int | None) -> float | None:
    """What a clip of an epoch takes in training; None where one of the two is not known."""
    return 1000 * seconds / segments if seconds is not None and segments else None
