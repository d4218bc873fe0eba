"""Results as Markdown: a whole report, and a narrower table that stands between two lines of a README."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ...runtime.errors import ParameterError
from ...runtime.util.foreign_text import markdown_text
from ..results.schema import Bench
from .advice import recommendation_lines
from .columns import results_table, shown_columns, training_table
from .lines import failures, incomplete_line, machine_facts, machine_line, warning_lines
from .relative_times import beside_the_fastest

BEGIN, END = "<!-- genrekit results -->", "<!-- end of genrekit results -->"
README = (
    "file",
    "size",
    "accuracy",
    "agreement with Keras",
    "front end p50, ms",
    "model p50, ms",
    "clip p50, ms",
    "clip p90, ms",
    "peak memory",
    "seconds an epoch",
)


def markdown_report(bench: Bench) -> str:
    """All that is known: recommendations, every column, ratios, training, warnings, machine."""
    beside, training = beside_the_fastest(bench), training_table(bench)
    sections = {
        "Which file": _list(recommendation_lines(bench)),
        "Results": _results(bench),
        "What could not be measured": _list(failures(bench)),
        beside.title if beside else "": beside.to_markdown() if beside else "",
        "Training": training.to_markdown() if training else "",
        "Warnings": _list(warning_lines(bench)),
        "Machine": _list([f"{name}: {value}" for name, value in machine_facts(bench)]),
    }
    head = f"# genrekit bench, {markdown_text(bench.created[:10])}\n\n{_with_sentence(str(bench.clips), bench)}\n"
    return head + "".join(f"\n## {markdown_text(title)}\n\n{body}" for title, body in sections.items() if body)


def _list(lines: Sequence[str]) -> str:
    return "".join(f"- {markdown_text(line)}\n" for line in lines)


def readme_table(bench: Bench) -> str:
    """The results in the few columns that a README has room for, with clips, machine and date under them."""
    facts = f"{bench.clips}. {machine_line(bench)}. {bench.created[:10]}"
    return f"{_results(bench, README)}\n{_with_sentence(facts, bench)}\n"


def _with_sentence(text: str, bench: Bench) -> str:
    """`text` as a sentence, and where the bench is incomplete one that says so."""
    return markdown_text(" ".join(filter(None, (f"{text}.", incomplete_line(bench)))))


def _results(bench: Bench, titles: Sequence[str] | None = None) -> str:
    columns = [column for column in shown_columns(bench) if titles is None or column.title in titles]
    return dataclasses.replace(results_table(bench, columns), note="").to_markdown()


def replaced_between(document: str, part: str, name: str) -> str:
    """`document` with `part`, Markdown of whole lines, between the lines BEGIN and END, with its ends of lines.

    Raises:
        ParameterError: it has not both once, in this order; the sentence begins with its `name`.
    """
    lines = document.splitlines(keepends=True)
    stripped = [line.strip() for line in lines]
    if (stripped.count(BEGIN), stripped.count(END)) != (1, 1) or stripped.index(BEGIN) > stripped.index(END):
        raise ParameterError(
            f"{name}: expected the lines {BEGIN} and {END}, each once and in this order; put them where the results "
            "belong, each on a line of its own"
        )
    before, after = lines[: stripped.index(BEGIN) + 1], lines[stripped.index(END) :]
    ending = "\r\n" if before[-1].endswith("\r\n") else "\n"
    return "".join([*before, f"\n{part}\n".replace("\n", ending), *after])
