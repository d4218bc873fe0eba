"""What the tables of results show: one list of columns for terminal, Markdown and HTML, and the words around them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from ..results.store import seconds_per_epoch
from .training_reference import beside_the_paper

Row = dict[str, Any]
NOTHING = "–"
UNPROVEN = "?"  # behind an agreement that too few windows could show
USUAL_ENGINES = ("litert", "onnx", "keras", None)


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


def name_of(row: Row) -> str:
    """What a row is called: its file, and whatever in engine, threads or front end is out of the ordinary."""
    name = f"{row['model']}.keras" if row["format"] == "keras" else row["file"]
    if row["engine"] not in USUAL_ENGINES:
        name += f" on {row['engine']}"
    if row["threads"] != 1:
        name += f", {row['threads']} threads"
    return f"{name} + librosa" if row["front_end"] == "librosa" else name


def size(count: int | None) -> str:
    """Bytes in the unit that suits them, in three digits."""
    if count is None:
        return NOTHING
    power = min(3, (len(str(count)) - 1) // 3)
    digits = f"{count / 1000**power:#.3g}".rstrip(".") if power else str(count)
    return f"{digits} {('B', 'kB', 'MB', 'GB')[power]}"


def milliseconds(value: float | None) -> str:
    """A time or another positive number in about three digits."""
    if value is None:
        return NOTHING
    digits = 3 if value < 1 else 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:,.{digits}f}"


def share(value: float | None) -> str:
    """A share in [0, 1]."""
    return NOTHING if value is None else f"{value:.3f}"


def text(value: object) -> str:
    """Anything, or a dash for None."""
    return NOTHING if value is None else str(value)


def shown_columns(bench: dict[str, Any]) -> list[Column]:
    """Of the `columns` those that hold something in at least one row."""
    rows = all_rows(bench)
    return [column for column in columns(bench) if not rows or any(column.cell(row) != NOTHING for row in rows)]


def columns(bench: dict[str, Any]) -> list[Column]:
    """All columns of `bench`'s results; those after "seconds an epoch" are on a terminal only where there is room."""
    epochs, trained = seconds_per_epoch(bench), {row["model"]: row["ms"] for row in beside_the_paper(bench)}
    return [
        Column("file", "file", name_of, words=True),
        Column("format", "format", lambda row: text(row["format"]), words=True),
        Column("precision", "precision", lambda row: text(row["precision"]), words=True),
        Column("size", "size", lambda row: size(row["bytes"])),
        Column("accuracy", "accu-\nracy", lambda row: share(row["accuracy"])),
        Column("agreement with Keras", "agree-\nment", _agreement),
        Column("front end p50, ms", "front\nend ms\np50", _percentile("front_end_ms", "p50")),
        Column("front end p90, ms", "\n\np90", _percentile("front_end_ms", "p90")),
        Column("model p50, ms", "model\nms\np50", _percentile("model_ms", "p50")),
        Column("model p90, ms", "\n\np90", _percentile("model_ms", "p90")),
        Column("clip p50, ms", "clip\nms\np50", _percentile("clip_ms", "p50")),
        Column("clip p90, ms", "\n\np90", _percentile("clip_ms", "p90")),
        Column("seconds an epoch", "s an\nepoch", lambda row: milliseconds(epochs.get(row["model"]))),
        Column("peak memory", "peak\nmemory", lambda row: size(row["peak_rss_bytes"])),
        Column("stream p50, ms", "stream\nms\np50", _percentile("stream_ms", "p50")),
        Column("paced stream p50, ms", "paced\nms\np50", _percentile("paced_ms", "p50")),
        Column("cold start, ms", "cold\nstart\nms", lambda row: milliseconds(row["cold_start_ms"])),
        Column("calibration error", "cali-\nbration\nerror", lambda row: share(row["calibration_error"])),
        Column("share of peak", "share\nof peak", lambda row: share(row["peak_share"])),
        Column("GMAC/s", "GMAC/s", lambda row: milliseconds(row["gmacs_per_s"])),
        Column("accuracy, 95 % interval", None, lambda row: _interval(row["accuracy_interval"])),
        Column("clip p99, ms", None, _percentile("clip_ms", "p99")),
        Column("clip mean, ms", None, _percentile("clip_ms", "mean")),
        Column("clip interquartile range, ms", None, _percentile("clip_ms", "iqr")),
        Column("timed calls", None, lambda row: text(row["clip_ms"] and row["clip_ms"]["n"])),
        Column("rounds", None, lambda row: text(row["clip_ms"] and len(row["clip_ms"]["round_n"]))),
        Column("real-time factor", None, lambda row: _significant(row["real_time_factor"])),
        Column("load, ms", None, lambda row: milliseconds(row["load_ms"])),
        Column("first call, ms", None, lambda row: milliseconds(row["first_call_ms"])),
        Column("multiply-accumulates", None, lambda row: text(row["macs"] and f"{row['macs']:,}")),
        Column("ms a clip of training", None, lambda row: milliseconds(trained.get(row["model"]))),
        Column("other load, cores", None, lambda row: _load(row["other_load_cores"])),
        Column("engine", None, lambda row: text(row["engine"]), words=True),
        Column("threads", None, lambda row: text(row["threads"])),
    ]


def _percentile(time: str, figure: str) -> Callable[[Row], str]:
    return lambda row: milliseconds(row[time][figure] if row[time] else None)


def _agreement(row: Row) -> str:
    """Marked where the comparison at export had too few windows to show the agreement that is asked for."""
    return share(row["agreement"]) + (UNPROVEN if row.get("parity_reasons") else "")


def _interval(ends: Sequence[float] | None) -> str:
    return f"{share(ends[0])} to {share(ends[1])}" if ends else NOTHING


def _significant(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2g}"


def _load(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2f}"


def by_model(rows: list[Row]) -> list[list[Row]]:
    """The rows in groups of one model each, models and rows in order of appearance."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["model"], []).append(row)
    return list(groups.values())


def all_rows(bench: dict[str, Any]) -> list[Row]:
    """Results, then baselines."""
    return [*bench["results"], *bench["baselines"]]


def is_demo(bench: dict[str, Any]) -> bool:
    """Whether clips or training are of the demo corpus."""
    return bench["clips"]["demo"] or any(row["trained_on_demo"] for row in all_rows(bench))


def is_complete(bench: dict[str, Any]) -> bool:
    """Whether all was measured that was to be; older versions wrote only whether they were interrupted."""
    return bench.get("complete", True) and not bench.get("interrupted", False)


def incomplete_line(bench: dict[str, Any]) -> str:
    """A sentence where a bench did not come to its end; else nothing."""
    ended = is_complete(bench)
    return "" if ended else "Incomplete: the bench did not come to its end; the figures are of what it had measured."


def clips_line(bench: dict[str, Any]) -> str:
    """What was classified, in one line."""
    clips = bench["clips"]
    corpus = "the demo corpus (synthetic, not music)" if clips["demo"] else "the corpus"
    return (
        f"{clips['count']} clips of {clips['window_ms'] / 1000:g} s in {len(clips['classes'])} classes, from {corpus}; "
        f"split: {clips['split']}"
    )


def machine_line(bench: dict[str, Any]) -> str:
    """Where it was measured, in one line."""
    machine = bench["machine"]
    memory = size(machine["memory_bytes"])
    return (
        f"{text(machine['cpu'])}, {text(machine['cores'])} cores, {memory}, Python {machine['python']}, {machine['os']}"
    )


def failures(bench: dict[str, Any]) -> list[tuple[str, str]]:
    """Name and error of each row that could not be measured."""
    return [(name_of(row), row["error"]) for row in all_rows(bench) if row.get("error")]


def measured_count(bench: dict[str, Any]) -> int:
    """How many rows were measured."""
    return len(all_rows(bench)) - len(failures(bench))


def warning_groups(bench: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    """kind -> text -> names of the rows that it was said of."""
    groups: dict[str, dict[str, list[str]]] = {}
    for row in all_rows(bench):
        for warning in row["warnings"]:
            groups.setdefault(warning["kind"], {}).setdefault(warning["text"], []).append(name_of(row))
    return groups
