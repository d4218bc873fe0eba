"""Showing a comparison: tables and their legend."""

from __future__ import annotations

from ...runtime.util.foreign_text import markdown_text
from ..results.compare import ComparedCase, Comparison
from ..results.values import CALLS, FASTER, ROUNDS, SLOWER, Ratio
from .format import NOTHING, fraction, size, text, three_digits
from .relative_times import verdict_words
from .table import Table

FORMATS = {
    "bytes": size,
    "peak_rss_bytes": size,
    "accuracy": fraction,
    "agreement": fraction,
    "calibration_error": fraction,
}
FROM_ROUNDS = (
    "Intervals are drawn from rounds. The files were not measured together: drift of the machine is in the ratios."
)
FROM_CALLS = (
    "Some intervals hold the spread within one process each; processes differ among themselves, most on a busy "
    "machine: measure with --rounds 5."
)


def comparison_tables(comparison: Comparison) -> list[Table]:
    """The tables of what `compare.compare` returned, without those that would be empty."""
    times = []
    for case in comparison.cases:
        middles = [three_digits(case.a_ms), three_digits(case.b_ms)]
        ratios = [*_ratio_cells(case.main_ratio), *_ratio_cells(case.times.get("model_ms"))]
        times.append([case.case, case.letter, *middles, *ratios, verdict_line(case)])
    tables = [
        Table(
            "Times, and their ratios to A",
            ("case", "", "A, ms", "ms", "clip", "95 % interval", "model", "95 % interval", "verdict"),
            times,
            (False, False, True, True, True, True, True, True, False),
        ),
        Table(
            "What else changed",
            ("case", "", "what", "A", "then"),
            [
                [found.case, found.letter, found.what, FORMATS[found.what](found.a), FORMATS[found.what](found.b)]
                for found in comparison.changes
            ],
            (False, False, False, True, True),
        ),
        Table(
            "Other circumstances",
            ("", "what", "A", "then"),
            [[found.letter, found.what, text(found.a), text(found.b)] for found in comparison.versions],
            (False, False, False, False),
        ),
    ]
    return [table for table in tables if table.rows]


def _ratio_cells(ratio: Ratio | None) -> list[str]:
    return [f"{ratio.ratio:.3f}", f"{ratio.low:.3f} to {ratio.high:.3f}"] if ratio else [NOTHING, NOTHING]


def verdict_line(case: ComparedCase) -> str:
    """The verdict in words, and who was unsteady."""
    words = case.verdict
    if words in (SLOWER, FASTER):
        words = f"{case.letter} is {verdict_words(case.main_ratio, '{:.2f}'.format)}"
    return f"{words} ({' and '.join(case.unsteady)} unsteady)" if case.unsteady else words


def legend(comparison: Comparison) -> list[str]:
    """Lines that say which letter is which file, and what the intervals hold."""
    letters = [
        f"{file.letter}: {file.created[:16]}, {text(file.machine)}{'' if file.complete else ', incomplete'}"
        for file in comparison.files
    ]
    bases = {ratio.basis for case in comparison.cases for ratio in case.times.values()}
    return [*letters, *([FROM_ROUNDS] if ROUNDS in bases else []), *([FROM_CALLS] if CALLS in bases else [])]


def comparison_markdown(comparison: Comparison) -> str:
    """The tables and the legend as Markdown."""
    parts = [f"## {markdown_text(table.title)}\n\n{table.to_markdown()}" for table in comparison_tables(comparison)]
    return "\n".join([*parts, "\n".join(f"- {markdown_text(line)}" for line in legend(comparison))]) + "\n"
