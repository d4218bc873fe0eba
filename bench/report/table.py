"""`Table`: cells with their headings, made once and shown on a terminal, in Markdown and on a page."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from ...runtime.util.foreign_text import markdown_text

if TYPE_CHECKING:
    import rich.table


@dataclasses.dataclass(frozen=True)
class Table:
    """A table of text. The template tables.html.j2 shows one on a page.

    Attributes:
        title: what it shows.
        headings: of its columns.
        rows: cells.
        numeric: whether each column holds numbers, which are set to the right; None: all but the first do.
        note: a sentence under it.
        section_ends: indexes of the rows under which a line is drawn.
    """

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: Sequence[bool] | None = None
    note: str = ""
    section_ends: Collection[int] = ()

    @property
    def numbers(self) -> list[bool]:
        """Whether each column holds numbers."""
        return [index > 0 for index in range(len(self.headings))] if self.numeric is None else list(self.numeric)

    def to_rich(self, *, fold: bool = False, dense: bool = False, min_width: int = 0) -> rich.table.Table:
        """As a terminal shows it.

        Args:
            fold: break the first column where the table is too wide.
            dense: no space between columns.
            min_width: so that title and note are not broken into many lines.
        """
        from rich.box import SIMPLE_HEAD
        from rich.table import Table as RichTable

        padding = (0, 0, 0, 0) if dense else (0, 1, 0, 0)
        table = RichTable(
            title=self.title,
            caption=self.note or None,
            box=SIMPLE_HEAD,
            padding=padding,
            show_edge=False,
            min_width=min_width or None,
        )
        for index, numeric in enumerate(self.numbers):
            folded = fold and index == 0
            table.add_column(
                self._broken_heading(index),
                justify="right" if numeric else "left",
                no_wrap=not folded,
                overflow="fold" if folded else "ellipsis",
            )
        for index, row in enumerate(self.rows):
            table.add_row(*row, end_section=index in self.section_ends)
        return table

    def _broken_heading(self, column: int) -> str:
        """A heading in lines no longer than the cells under it, or than its longest word."""
        heading = self.headings[column]
        longest = max((len(row[column]) for row in self.rows), default=len(heading))
        return heading if "\n" in heading else textwrap.fill(heading, max(longest, 1), break_long_words=False)

    def to_markdown(self) -> str:
        """Headings and rows, and the note under them."""
        rule = ["---:" if numeric else "---" for numeric in self.numbers]
        headings, *rows = ([markdown_text(cell) for cell in cells] for cells in (self.headings, *self.rows))
        text = "".join(f"| {' | '.join(cells)} |\n" for cells in [headings, rule, *rows])
        return text + (f"\n{markdown_text(self.note)}\n" if self.note else "")
