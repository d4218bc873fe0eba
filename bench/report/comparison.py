"""Showing a comparison: tables for the terminal and Markdown, made of one list of cells."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from .columns import milliseconds, share, size, text
from .markdown_table import table

FIGURES = {"bytes": size, "peak_rss_bytes": size, "accuracy": share, "agreement": share, "calibration_error": share}
FROM_ROUNDS = (
    "Intervals are drawn from rounds. The files were not measured together: drift of the machine is in the ratios."
)
FROM_CALLS = (
    "Some intervals hold the spread within one process each; processes differ among themselves, most on a busy "
    "machine: measure with --rounds 5."
)


@dataclasses.dataclass(frozen=True)
class Section:
    """A table.

    Attributes:
        title: what it shows.
        headings: of its columns.
        numbers: places of the columns that are set to the right.
        rows: cells.
    """

    title: str
    headings: Sequence[str]
    numbers: frozenset[int]
    rows: Sequence[Sequence[str]]


def sections(comparison: dict[str, Any]) -> list[Section]:
    """The tables of what `compare.compare` returned, without those that would be empty."""
    all_sections = [
        Section(
            "Times, and their ratios to A",
            ("case", "", "A, ms", "ms", "clip", "95 % interval", "model", "95 % interval", "verdict"),
            frozenset(range(2, 8)),
            [_times_cells(row) for row in comparison["cases"]],
        ),
        Section(
            "What else changed",
            ("case", "", "what", "A", "then"),
            frozenset((3, 4)),
            [[row["case"], row["letter"], row["what"], *_figures(row)] for row in comparison["changes"]],
        ),
        Section(
            "Other circumstances",
            ("", "what", "A", "then"),
            frozenset(),
            [[row["letter"], row["what"], text(row["a"]), text(row["b"])] for row in comparison["versions"]],
        ),
    ]
    return [section for section in all_sections if section.rows]


def _times_cells(row: dict[str, Any]) -> list[str]:
    clip = row["times"].get("clip_ms") or row["times"].get("front_end_ms")
    ratios = [cell for ratio in (clip, row["times"].get("model_ms")) for cell in _ratio_cells(ratio)]
    return [row["case"], row["letter"], milliseconds(row["a_ms"]), milliseconds(row["b_ms"]), *ratios, row["verdict"]]


def _ratio_cells(ratio: dict[str, Any] | None) -> tuple[str, str]:
    return (f"{ratio['ratio']:.3f}", f"{ratio['low']:.3f} to {ratio['high']:.3f}") if ratio else ("–", "–")


def _figures(row: dict[str, Any]) -> list[str]:
    return [FIGURES[row["what"]](row[side]) for side in ("a", "b")]


def legend(comparison: dict[str, Any]) -> list[str]:
    """Lines that say which letter is which file, and what the intervals hold."""
    letters = [
        f"{file['letter']}: {file['created'][:16]}, {text(file['machine'])}{'' if file['complete'] else ', incomplete'}"
        for file in comparison["files"]
    ]
    drawn = {ratio["from"] for row in comparison["cases"] for ratio in row["times"].values()}
    return [*letters, *([FROM_ROUNDS] if "rounds" in drawn else []), *([FROM_CALLS] if "calls" in drawn else [])]


def comparison_tables(comparison: dict[str, Any]) -> list[Table]:
    """The sections for a terminal."""
    return [_table(section) for section in sections(comparison)]


def _table(section: Section) -> Table:
    table = Table(title=section.title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, title_justify="left")
    for place, heading in enumerate(section.headings):
        number = place in section.numbers
        table.add_column(heading, justify="right" if number else "left", no_wrap=number or place == 0)
    for row in section.rows:
        table.add_row(*row)
    return table


def comparison_markdown(comparison: dict[str, Any]) -> str:
    """The sections and the legend as Markdown."""
    parts = [f"## {section.title}\n\n{_markdown(section)}" for section in sections(comparison)]
    return "\n".join([*parts, "\n".join(f"- {line}" for line in legend(comparison))]) + "\n"


def _markdown(section: Section) -> str:
    words = [place not in section.numbers for place in range(len(section.headings))]
    return table(section.headings, words, section.rows)
