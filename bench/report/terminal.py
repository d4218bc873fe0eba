"""Results for a terminal: tables as wide as it is."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table as RichTable

from ..results.schema import Bench, Row
from .columns import Column, results_table, shown_columns
from .relative_times import KINDS, beside_the_fastest

LAST_NEEDED = "seconds an epoch"  # columns after it are shown where there is room
MOST_NEEDED = 13  # columns, where that one is not there
# The columns in two tables for narrow terminals: those that are needed, and those that are shown where there is room.
HALVES = (
    (
        ("file", "format", "precision", "size", "accuracy", "agreement with Keras", "seconds an epoch"),
        ("peak memory", "calibration error", "cold start, ms"),
    ),
    (
        ("file", *(f"{kind} {figure}, ms" for kind in ("front end", "model", "clip") for figure in ("p50", "p90"))),
        ("stream p50, ms", "paced stream p50, ms", "fraction of peak"),
    ),
)
LEAST_WIDTH = 70  # so that title and caption are not broken into many lines

Part = tuple[Sequence[str], Sequence[str]]  # titles of columns: needed, and more


def results_tables(bench: Bench, width: int, not_kept: Sequence[str] = ()) -> list[RichTable]:
    """The results, a section for each model, baselines last: one table, or two where one does not fit `width`.

    Names of several words are broken into lines before columns are given up.

    Args:
        bench: the results.
        width: of the terminal, >= 80.
        not_kept: names of files that do not agree with Keras and were not measured: a row each that says so.
    """
    columns = {column.title: column for column in shown_columns(bench) if column.short is not None}
    titles = list(columns)
    needed = titles.index(LAST_NEEDED) + 1 if LAST_NEEDED in titles else min(MOST_NEEDED, len(titles))
    whole = ((titles[:needed], titles[needed:]),)
    for parts in (whole, HALVES):
        for name in (columns["file"].cell, _broken_names(bench)):
            named = {**columns, "file": dataclasses.replace(columns["file"], cell=name)}
            tables = [_widest(bench, named, part, width, not_kept) for part in parts]
            if all(_width(table) <= width for table in tables):
                return tables
    return tables


def _broken_names(bench: Bench) -> Callable[[Row], str]:
    """Names in lines no longer than their longest word."""
    longest = max((len(word) for row in bench.rows for word in row.name.split()), default=1)
    return lambda row: textwrap.fill(
        row.name.replace(" threads", "\u00a0threads"), longest, break_long_words=False, break_on_hyphens=False
    )


def _widest(bench: Bench, columns: dict[str, Column], part: Part, width: int, not_kept: Sequence[str]) -> RichTable:
    """A table of the first titles of `part`, and as many of the second as fit."""
    needed = [columns[title] for title in part[0] if title in columns]
    more = [columns[title] for title in part[1] if title in columns]
    for count in range(len(more), 0, -1):
        table = _results_table(bench, [*needed, *more[:count]], not_kept)
        if _width(table) <= width:
            return table
    return _results_table(bench, needed, not_kept)


def _width(table: RichTable) -> int:
    """Of the columns: title and caption are broken as needed."""
    console = Console(width=1000, markup=False, emoji=False)
    return Measurement.get(console, console.options, table).maximum


def _results_table(bench: Bench, columns: Sequence[Column], not_kept: Sequence[str]) -> RichTable:
    table = results_table(bench, columns, short=True).to_rich(dense=True, min_width=LEAST_WIDTH)
    for file in not_kept:
        table.add_row(f"{file}: not kept")
    return table


def beside_tables(bench: Bench, width: int) -> list[RichTable]:
    """Every file beside the fastest: ratios of the clip's and the model's time, in two tables where one is too wide."""
    both = beside_the_fastest(bench)
    if both is None:
        return []
    table = both.to_rich(fold=True)
    if _width(table) <= width:
        return [table]
    halves = (beside_the_fastest(bench, {kind: name}) for kind, name in KINDS.items())
    return [half.to_rich(fold=True) for half in halves if half]
