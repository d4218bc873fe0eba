"""Results as Markdown: a whole report, and a narrower table that stands between two lines of a README."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ...runtime.errors import ParameterError
from .columns import (
    by_model,
    clips_line,
    failures,
    incomplete_line,
    machine_line,
    measured_count,
    milliseconds,
    shown_columns,
    text,
    warning_groups,
)
from .machine_facts import machine_facts
from .markdown_table import table
from .relative_times import beside_the_fastest
from .terminal import ratio_cells, recommendation_lines
from .training_reference import MACHINE, SEGMENTS, beside_the_paper

BEGIN, END = "<!-- genrekit results -->", "<!-- end of genrekit results -->"
README = (
    *("file", "size", "accuracy", "agreement with Keras", "front end p50, ms", "model p50, ms", "clip p50, ms"),
    *("clip p90, ms", "peak memory", "seconds an epoch"),
)
RATIO_HEADINGS = ("file", "clip, ratio", "95 % interval", "", "model, ratio", "95 % interval", "")
TRAINING_HEADINGS = (
    *("model", "seconds an epoch", "segments", "ms a clip"),
    *(f"{MACHINE}, seconds an epoch", f"{MACHINE}, ms a clip"),
)


def markdown_report(bench: dict[str, Any]) -> str:
    """All that is known: recommendations, every column, ratios, training, warnings, machine."""
    sections = {
        "Which file": "".join(f"- {line}\n" for line in recommendation_lines(bench)),
        "Results": _results(bench),
        "What could not be measured": "".join(f"- {name}: {error}\n" for name, error in failures(bench)),
        **_beside(bench),
        "Training": _training(bench),
        "Warnings": "".join(f"- {line}\n" for line in _warnings(bench)),
        "Machine": "".join(f"- {name}: {value}\n" for name, value in machine_facts(bench)),
    }
    head = f"# genrekit bench, {bench['created'][:10]}\n\n{_with_sentence(clips_line(bench), bench)}\n"
    return head + "".join(f"\n## {title}\n\n{body}" for title, body in sections.items() if body)


def readme_table(bench: dict[str, Any]) -> str:
    """The results in the few columns that a README has room for, with clips, machine and date under them."""
    facts = f"{clips_line(bench)}. {machine_line(bench)}. {bench['created'][:10]}"
    return f"{_results(bench, README)}\n{_with_sentence(facts, bench)}\n"


def _with_sentence(text: str, bench: dict[str, Any]) -> str:
    """`text` as a sentence, and where the bench is incomplete one that says so."""
    return " ".join(filter(None, (f"{text}.", incomplete_line(bench))))


def replaced_between(document: str, part: str, name: str) -> str:
    """`document` with `part` between the lines BEGIN and END.

    Args:
        document: Markdown that has both lines once, in this order.
        part: Markdown of whole lines.
        name: of the document, for the error.

    Raises:
        ParameterError: it has not.
    """
    lines = document.splitlines(keepends=True)
    stripped = [line.strip() for line in lines]
    if (stripped.count(BEGIN), stripped.count(END)) != (1, 1) or stripped.index(BEGIN) > stripped.index(END):
        raise ParameterError(
            f"{name}: expected the lines {BEGIN} and {END}, each once and in this order; put them where the results "
            "belong, each on a line of its own"
        )
    before, after = lines[: stripped.index(BEGIN) + 1], lines[stripped.index(END) :]
    return "".join([*before, "\n", part, "\n", *after])


def _results(bench: dict[str, Any], titles: Sequence[str] | None = None) -> str:
    shown = [column for column in shown_columns(bench) if titles is None or column.title in titles]
    rows = [row for group in by_model(bench["results"]) for row in group] + bench["baselines"]
    words = [column.words for column in shown]
    return table([column.title for column in shown], words, ([column.cell(row) for column in shown] for row in rows))


def _beside(bench: dict[str, Any]) -> dict[str, str]:
    fastest, rows = beside_the_fastest(bench)
    cells = ([row["name"], *ratio_cells(row["clip_ms"]), *ratio_cells(row["model_ms"])] for row in rows)
    words = (True, False, True, True, False, True, True)
    return {f"Beside the fastest, {fastest}": table(RATIO_HEADINGS, words, cells)} if rows else {}


def _training(bench: dict[str, Any]) -> str:
    rows = beside_the_paper(bench)
    cells = ([row["model"], *training_cells(row)] for row in rows)
    shown = table(TRAINING_HEADINGS, (True, *[False] * 5), cells)
    return f"{shown}\nThe paper's figures are over {SEGMENTS:,} segments.\n" if rows else ""


def training_cells(row: dict[str, Any]) -> list[str]:
    """The figures of a row of `beside_the_paper`."""
    ours = [milliseconds(row["seconds"]), text(row["segments"]), milliseconds(row["ms"])]
    return [*ours, text(row["paper_seconds"]), milliseconds(row["paper_ms"])]


def _warnings(bench: dict[str, Any]) -> Iterable[str]:
    rows = measured_count(bench)
    for kind, texts in warning_groups(bench).items():
        for warning, names in texts.items():
            yield f"{kind}: {warning} ({'every row' if len(names) == rows else ', '.join(names)})"
