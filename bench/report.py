"""Showing results: a table for the terminal, Markdown, and one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from ..runtime.atomic import write_text
from ..runtime.errors import MissingPackageError
from .columns import (
    by_model,
    clips_line,
    columns,
    failures,
    is_demo,
    machine_line,
    measured_count,
    size,
    text,
    warning_groups,
)

TEMPLATE = "report.html.j2"
NAMES = ("file", "format", "precision")  # the other columns hold numbers
# The columns of a terminal in two tables that fit 80 columns.
HALVES = (
    ("file", "format", "precision", "size", "accuracy", "agreement with Keras", "seconds an epoch"),
    ("file", *(f"{time} {share}, ms" for time in ("front end", "model", "clip") for share in ("p50", "p90"))),
)


def results_table(bench: dict[str, Any], titles: Sequence[str] | None = None, not_kept: Sequence[str] = ()) -> Table:
    """The results for a terminal of at least 120 columns, a section for each model, baselines last.

    Args:
        bench: the bench JSON.
        titles: which columns, by title, for narrower terminals; None: all.
        not_kept: names of files that do not agree with Keras and were not measured: a row each that says so.
    """
    shown = [
        column for column in columns(bench) if column.short is not None and (titles is None or column.title in titles)
    ]
    table = Table(
        title=f"Bench: {clips_line(bench)}", caption=machine_line(bench), box=SIMPLE_HEAD, padding=0, show_edge=False
    )
    for column in shown:
        left = column.title in NAMES
        table.add_column(column.short, justify="left" if left else "right", no_wrap=True)
    for rows in [*by_model(bench["results"]), bench["baselines"]]:
        for row in rows:
            table.add_row(*(column.cell(row) for column in shown))
        table.add_section()
    for name in not_kept:
        table.add_row(f"{name}: not kept")
    return table


def markdown_table(bench: dict[str, Any]) -> str:
    """The results as a Markdown table with the clips, machine and date under it."""
    shown = [column for column in columns(bench) if column.short is not None]
    rules = ["---" if column.title in NAMES else "---:" for column in shown]
    rows = [row for group in by_model(bench["results"]) for row in group] + bench["baselines"]
    lines = [[column.title for column in shown], rules, *([column.cell(row) for column in shown] for row in rows)]
    table = "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)
    return f"{table}\n{clips_line(bench)}. {machine_line(bench)}. {bench['created'][:10]}.\n"


def notes(bench: dict[str, Any]) -> list[str]:
    """Failures, then one line for each kind of warning with its first text and how many rows it concerns."""
    failed = [f"{name}: {error}" for name, error in failures(bench)]
    return failed + [_note(kind, texts, measured_count(bench)) for kind, texts in warning_groups(bench).items()]


def _note(kind: str, texts: dict[str, list[str]], rows: int) -> str:
    names = [name for concerned in texts.values() for name in concerned]
    who = (
        "every row" if len(names) == rows else names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    )
    return f"{kind} ({who}): {next(iter(texts))}"


def write_html(
    bench: dict[str, Any],
    path: Path,
    training: Sequence[dict[str, Any]] = (),
    parity: Sequence[dict[str, Any]] = (),
) -> None:
    """Write one page that needs nothing but itself.

    Args:
        bench: the bench JSON.
        path: where to write.
        training: the metrics.json of each model, to show what training gave.
        parity: rows of parity.json, to show how the files compare with Keras.

    Raises:
        MissingPackageError: jinja2 or matplotlib is not installed.
        OutputError: `path` cannot be written.
    """
    try:
        import jinja2
        import markupsafe

        from . import pictures
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f'the HTML page needs {error.name}, which is not installed; run: pip install "genrekit[bench]"'
        ) from error
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(size=size, text=text)
    template = environment.from_string(resources.files(__package__).joinpath(TEMPLATE).read_text("utf-8"))
    page = template.render(
        **_page(bench),
        training=training,
        parity=parity,
        pictures=[(picture, markupsafe.Markup(picture.svg)) for picture in pictures.pictures(bench)],
    )
    write_text(path, page)


def _page(bench: dict[str, Any]) -> dict[str, Any]:
    """What the template shows, apart from pictures, training and parity."""
    shown = columns(bench)
    return {
        "bench": bench,
        "demo": is_demo(bench),
        "clips_line": clips_line(bench),
        "machine_line": machine_line(bench),
        "titles": [column.title for column in shown],
        "left_columns": len(NAMES),
        "groups": [
            [[column.cell(row) for column in shown] for row in rows]
            for rows in [*by_model(bench["results"]), bench["baselines"]]
        ],
        "failures": failures(bench),
        "warnings": warning_groups(bench),
        "measured_count": measured_count(bench),
    }
