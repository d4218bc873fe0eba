"""What the tables show: one list of columns of results for terminal, Markdown and HTML, and what training takes."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence

from ..results.schema import Bench, Row, by_model
from .format import NOTHING, fraction, size, text, three_digits
from .lines import machine_line
from .table import Table

UNPROVEN = "?"  # behind an agreement that the comparison at export had too few windows to show


@dataclasses.dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        title: in full.
        short: for a terminal, in lines of at most nine letters; None keeps the column off the terminal.
        cell: row -> text; a dash where there is nothing to show.
        words: whether it holds words and not figures.
    """

    title: str
    short: str | None
    cell: Callable[[Row], str]
    words: bool = False


def results_table(bench: Bench, columns: Sequence[Column] | None = None, *, short: bool = False) -> Table:
    """The results, a section for each model, baselines last.

    Args:
        bench: the results.
        columns: of `shown_columns`; all of them otherwise.
        short: with the headings for a terminal.
    """
    columns = shown_columns(bench) if columns is None else columns
    groups = [group for group in [*by_model(bench.results), list(bench.baselines)] if group]
    rows = [[column.cell(row) for column in columns] for group in groups for row in group]
    ends = {end - 1 for end in itertools.accumulate(map(len, groups))}
    incomplete = "" if bench.complete else ", incomplete"
    return Table(
        f"Bench{incomplete}: {bench.clips}",
        [(column.short or "") if short else column.title for column in columns],
        rows,
        [not column.words for column in columns],
        machine_line(bench),
        ends,
    )


def shown_columns(bench: Bench) -> list[Column]:
    """Of the `all_columns` those that hold something in at least one row."""
    columns, rows = all_columns(bench), bench.rows
    return [column for column in columns if not rows or any(column.cell(row) != NOTHING for row in rows)]


def all_columns(bench: Bench) -> list[Column]:
    """All columns of results; those after "seconds an epoch" are on a terminal only where there is room."""
    epochs = {row.model: row.seconds_per_epoch for row in bench.training}
    clips = {row.model: milliseconds_a_clip(row.seconds_per_epoch, row.segments) for row in bench.training}
    return [
        Column("file", "file", lambda row: row.name, words=True),
        Column("format", "format", lambda row: text(row.format), words=True),
        Column("precision", "precision", lambda row: text(row.precision), words=True),
        Column("size", "size", lambda row: size(row.bytes)),
        Column("accuracy", "accu-\nracy", lambda row: fraction(row.accuracy)),
        Column(
            "agreement with Keras",
            "agree-\nment",
            lambda row: fraction(row.agreement) + (UNPROVEN if row.parity_reasons else ""),
        ),
        Column("front end p50, ms", "front\nend ms\np50", _percentile("front_end_ms", "p50")),
        Column("front end p90, ms", "\n\np90", _percentile("front_end_ms", "p90")),
        Column("model p50, ms", "model\nms\np50", _percentile("model_ms", "p50")),
        Column("model p90, ms", "\n\np90", _percentile("model_ms", "p90")),
        Column("clip p50, ms", "clip\nms\np50", _percentile("clip_ms", "p50")),
        Column("clip p90, ms", "\n\np90", _percentile("clip_ms", "p90")),
        Column("seconds an epoch", "s an\nepoch", lambda row: three_digits(epochs.get(row.model or ""))),
        Column("peak memory", "peak\nmemory", lambda row: size(row.peak_rss_bytes)),
        Column("stream p50, ms", "stream\nms\np50", _percentile("stream_ms", "p50")),
        Column("paced stream p50, ms", "paced\nms\np50", _percentile("paced_ms", "p50")),
        Column("cold start, ms", "cold\nstart\nms", lambda row: three_digits(row.cold_start_ms)),
        Column("calibration error", "cali-\nbration\nerror", lambda row: fraction(row.calibration_error)),
        Column("fraction of peak", "fraction\nof peak", lambda row: fraction(row.peak_fraction)),
        Column("GMAC/s", "GMAC/s", lambda row: three_digits(row.gmacs_per_s)),
        Column(
            "accuracy, 95 % interval", None, lambda row: " to ".join(map(fraction, row.accuracy_interval or [None]))
        ),
        Column("unknown", None, lambda row: fraction(row.unknown)),
        Column("accuracy of what is answered", None, lambda row: fraction(row.answered_accuracy)),
        Column("clip p99, ms", None, _percentile("clip_ms", "p99")),
        Column("clip mean, ms", None, _percentile("clip_ms", "mean")),
        Column("clip interquartile range, ms", None, _percentile("clip_ms", "iqr")),
        Column("timed calls", None, lambda row: text(row.clip_ms and row.clip_ms.n)),
        Column("rounds", None, lambda row: text(row.clip_ms and len(row.clip_ms.round_n))),
        Column("real-time factor", None, lambda row: _formatted(row.real_time_factor, ".2g")),
        Column("load, ms", None, lambda row: three_digits(row.load_ms)),
        Column("first call, ms", None, lambda row: three_digits(row.first_call_ms)),
        Column("multiply-accumulates", None, lambda row: _formatted(row.macs, ",")),
        Column("ms a clip of training", None, lambda row: three_digits(clips.get(row.model or ""))),
        Column("other load, cores", None, lambda row: _formatted(row.other_load_cores, ".2f")),
        Column("engine", None, lambda row: text(row.engine), words=True),
        Column("threads", None, lambda row: text(row.threads)),
    ]


def _percentile(kind: str, figure: str) -> Callable[[Row], str]:
    def cell(row: Row) -> str:
        times = row.times(kind)
        return three_digits(getattr(times, figure) if times else None)

    return cell


def _formatted(value: float | None, specification: str) -> str:
    return NOTHING if value is None else format(value, specification)


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
