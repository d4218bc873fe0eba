"""Two bench files beside each other: how much longer each case takes, and whether that is a difference at all."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from .columns import Row, all_rows, milliseconds, name_of
from .stats import median_ratio

KEY = ("model", "format", "precision", "engine", "threads", "front_end")
HEADINGS = ("case", "A, ms", "B, ms", "B / A", "95 % interval", "verdict")

CAPTION = (
    "Intervals hold the spread within one process each; processes differ among themselves, most on a busy machine."
)


def compare(a: dict[str, Any], b: dict[str, Any]) -> list[dict[str, Any]]:
    """One row for each case of the bench JSONs `a` and `b`, by the median time of a clip.

    Returns:
        Rows of "case" (a name), "a_ms" and "b_ms" (medians), "ratio" (of B to A: above 1, B is slower) with the ends
        "low" and "high" of its 95 % bootstrap interval, and "verdict": "no difference" where the interval holds 1.
        The verdict says so where times were unsteady, and where a side was not measured: its figures are None.
    """
    rows_a, rows_b = _by_key(a), _by_key(b)
    return [_compared(rows_a.get(key), rows_b.get(key)) for key in dict.fromkeys([*rows_a, *rows_b])]


def _by_key(bench: dict[str, Any]) -> dict[tuple[Any, ...], Row]:
    """The rows by what makes them the same case; a second one of the same key is paired with a second one."""
    seen: Counter[tuple[Any, ...]] = Counter()
    rows = {}
    for row in all_rows(bench):
        key = tuple(row[name] for name in KEY)
        rows[(*key, seen[key])] = row
        seen[key] += 1
    return rows


def _compared(a: Row | None, b: Row | None) -> dict[str, Any]:
    times_a, times_b = _times(a), _times(b)
    row = {
        "case": name_of(a or b),
        "a_ms": times_a and times_a["p50"],
        "b_ms": times_b and times_b["p50"],
        **dict.fromkeys(("ratio", "low", "high")),
    }
    if times_a is None or times_b is None:
        return {
            **row,
            "verdict": "; ".join(_absence(side, name) for side, name in ((a, "A"), (b, "B")) if not _times(side)),
        }
    ratio, low, high = median_ratio(times_b["raw"], times_a["raw"])
    return {**row, "ratio": ratio, "low": low, "high": high, "verdict": _verdict(ratio, low, high) + _doubt(a, b)}


def _times(row: Row | None) -> dict[str, Any] | None:
    """The clip's times, or the front end's where it was measured alone."""
    return row and (row["clip_ms"] or row["front_end_ms"])


def _absence(row: Row | None, name: str) -> str:
    return f"missing in {name}" if row is None else f"failed in {name}"


def _verdict(ratio: float, low: float, high: float) -> str:
    if low <= 1 <= high:
        return "no difference"
    return f"B is {ratio:.2f} times as slow" if ratio > 1 else f"B is {1 / ratio:.2f} times as fast"


def _doubt(a: Row, b: Row) -> str:
    """What to add to a verdict where the times of one side were not steady."""
    unsteady = [name for row, name in ((a, "A"), (b, "B")) if any(w["kind"] == "spread" for w in row["warnings"])]
    return f", but {' and '.join(unsteady)} unsteady: measure again" if unsteady else ""


def comparison_table(rows: list[dict[str, Any]]) -> Table:
    """The rows of `compare` for a terminal."""
    table = Table(caption=CAPTION, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for place, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="right" if 0 < place < len(HEADINGS) - 1 else "left")
    for row in rows:
        table.add_row(*_cells(row))
    return table


def comparison_markdown(rows: list[dict[str, Any]]) -> str:
    """The rows of `compare` as a Markdown table."""
    lines = [HEADINGS, ("---", "---:", "---:", "---:", "---:", "---"), *map(_cells, rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + f"\n{CAPTION}\n"


def _cells(row: dict[str, Any]) -> list[str]:
    ratio = ["–", "–"] if row["ratio"] is None else [f"{row['ratio']:.3f}", f"{row['low']:.3f} to {row['high']:.3f}"]
    return [row["case"], milliseconds(row["a_ms"]), milliseconds(row["b_ms"]), *ratio, row["verdict"]]
