"""Results for a terminal: tables as wide as it is, recommendations and notes as lines."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from .columns import (
    Column,
    all_rows,
    by_model,
    clips_line,
    failures,
    incomplete_line,
    is_complete,
    machine_line,
    measured_count,
    name_of,
    shown_columns,
    warning_groups,
)
from .relative_times import beside_the_fastest, interval_cell, ratio_cell, verdict_words

LAST_NEEDED = "seconds an epoch"  # columns after it are shown where there is room
# The columns in two tables for narrow terminals: those that are needed, and those that are shown where there is room.
HALVES = (
    (
        ("file", "format", "precision", "size", "accuracy", "agreement with Keras", "seconds an epoch"),
        ("peak memory", "calibration error", "cold start, ms"),
    ),
    (
        ("file", *(f"{time} {share}, ms" for time in ("front end", "model", "clip") for share in ("p50", "p90"))),
        ("stream p50, ms", "paced stream p50, ms", "share of peak"),
    ),
)
LEAST_WIDTH = 70  # so that title and caption are not broken into many lines
BESIDE = {"clip_ms": "clip", "model_ms": "model"}


def results_tables(bench: dict[str, Any], width: int, not_kept: Sequence[str] = ()) -> list[Table]:
    """The results, a section for each model, baselines last: one table, or two where one does not fit `width`.

    Names of several words are broken into lines before columns are given up.

    Args:
        bench: the bench JSON.
        width: of the terminal, >= 80.
        not_kept: names of files that do not agree with Keras and were not measured: a row each that says so.
    """
    columns = {column.title: column for column in shown_columns(bench) if column.short is not None}
    titles = list(columns)
    whole = titles.index(LAST_NEEDED) + 1 if LAST_NEEDED in titles else min(13, len(titles))
    for parts in ([(titles[:whole], titles[whole:])], HALVES):
        for name in (name_of, _broken_names(bench)):
            tables = [_widest(bench, columns, part, name, width, not_kept) for part in parts]
            if all(_width(table) <= width for table in tables):
                return tables
    return tables


def _broken_names(bench: dict[str, Any]) -> Callable[[dict[str, Any]], str]:
    """Names in lines no longer than their longest word."""
    longest = max((len(word) for row in all_rows(bench) for word in name_of(row).split()), default=1)
    return lambda row: textwrap.fill(
        name_of(row).replace(" threads", "\u00a0threads"), longest, break_long_words=False, break_on_hyphens=False
    )


def _widest(
    bench: dict[str, Any],
    columns: dict[str, Column],
    part: tuple[Sequence[str], Sequence[str]],
    name: Callable[[dict[str, Any]], str],
    width: int,
    not_kept: Sequence[str],
) -> Table:
    """A table of the first titles of `part`, and as many of the second as fit."""
    needed, more = ([columns[title] for title in titles if title in columns] for titles in part)
    for count in range(len(more), -1, -1):
        table = _results_table(bench, [*needed, *more[:count]], name, not_kept)
        if _width(table) <= width:
            break
    return table


def _width(table: Table) -> int:
    """Of the columns: title and caption are broken as needed."""
    console = Console(width=1000)
    return Measurement.get(console, console.options, table).maximum


def _results_table(
    bench: dict[str, Any], columns: Sequence[Column], name: Callable[[dict[str, Any]], str], not_kept: Sequence[str]
) -> Table:
    table = Table(
        title=f"Bench{'' if is_complete(bench) else ', incomplete'}: {clips_line(bench)}",
        caption=machine_line(bench),
        box=SIMPLE_HEAD,
        padding=0,
        show_edge=False,
        min_width=LEAST_WIDTH,
    )
    for column in columns:
        table.add_column(column.short, justify="left" if column.words else "right", no_wrap=True)
    for rows in [*by_model(bench["results"]), bench["baselines"]]:
        for row in rows:
            table.add_row(name(row), *(column.cell(row) for column in columns[1:]))
        table.add_section()
    for file in not_kept:
        table.add_row(f"{file}: not kept")
    return table


def beside_tables(bench: dict[str, Any], width: int) -> list[Table]:
    """Every file beside the fastest: ratios of the clip's and the model's time, in two tables where one is too wide."""
    name, rows = beside_the_fastest(bench)
    if not rows:
        return []
    tables = [_beside_table(name, rows, BESIDE)]
    if _width(tables[0]) > width:
        tables = [_beside_table(name, rows, {time: title}) for time, title in BESIDE.items()]
    return tables


def _beside_table(fastest: str, rows: Sequence[dict[str, Any]], times: dict[str, str]) -> Table:
    table = Table(title=f"Beside the fastest, {fastest}", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("file", overflow="fold")
    for title in times.values():
        table.add_column(f"{title},\nratio", justify="right", no_wrap=True)
        table.add_column("95 %\ninterval", no_wrap=True)
        table.add_column("", no_wrap=True)
    for row in rows:
        table.add_row(row["name"], *(cell for time in times for cell in ratio_cells(row[time])))
    return table


def ratio_cells(ratio: dict[str, Any] | None) -> Iterator[str]:
    """Ratio, interval and words."""
    return (make(ratio) for make in (ratio_cell, interval_cell, verdict_words))


def recommendation_lines(bench: dict[str, Any]) -> list[str]:
    """The sentence of each goal."""
    return [found["text"] for found in bench.get("recommendations", ())]


def notes(bench: dict[str, Any]) -> list[str]:
    """That it is incomplete; failures; a line for each kind of warning: its first text, and how many rows."""
    failed = [f"{name}: {error}" for name, error in failures(bench)]
    warned = [_note(kind, texts, measured_count(bench)) for kind, texts in warning_groups(bench).items()]
    return [*filter(None, [incomplete_line(bench)]), *failed, *warned]


def _note(kind: str, texts: dict[str, list[str]], rows: int) -> str:
    names = [name for concerned in texts.values() for name in concerned]
    who = (
        "every row" if len(names) == rows else names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    )
    return f"{kind} ({who}): {next(iter(texts))}"
