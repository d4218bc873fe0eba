"""Tables of cells as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(headings: Sequence[str], words: Sequence[bool], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; columns of `words` are set to the left, the others, which hold numbers, to the right."""
    lines = [headings, ["---" if word else "---:" for word in words], *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)
