"""genrekit report: the outputs of a bench from its saved results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ....bench.results.schema import Bench


def report(
    results: Annotated[
        Path, typer.Argument(metavar="RESULTS.json", help="What genrekit bench --out wrote.", show_default=False)
    ],
    html: Annotated[Path | None, typer.Option(help="Results as a page.", show_default=False)] = None,
    csv: Annotated[Path | None, typer.Option(help="Results as CSV.", show_default=False)] = None,
    markdown: Annotated[Path | None, typer.Option(help="Results as Markdown.", show_default=False)] = None,
    into: Annotated[
        Path | None,
        typer.Option(
            metavar="README.md",
            help="A Markdown file that gets the results table between its lines <!-- genrekit results --> and "
            "<!-- end of genrekit results -->.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show saved results again, and write them in other forms; nothing is measured.

    Example: genrekit report bench.json --html report.html --into README.md
    """
    from ....bench import read_json
    from ....bench.results import store

    for path in filter(None, (html, csv, markdown, into)):
        store.check_writable(path)
    write_outputs(read_json(results), html=html, csv=csv, markdown=markdown, into=into)


def write_outputs(
    result: Bench,
    *,
    html: Path | None = None,
    csv: Path | None = None,
    markdown: Path | None = None,
    into: Path | None = None,
) -> None:
    """Show results, and write them in each form that was asked for; all are made before the first is written.

    Args:
        result: what was measured.
        html, csv, markdown: where to write.
        into: Markdown file to put the results table into.
    """
    from ....bench import report
    from ....bench.results import store
    from ....runtime.util.atomic import write_text
    from ..terminal import note, print_bench

    texts: dict[Path, str] = {}
    if into:
        texts[into] = _with_table(into, report.readme_table(result))
    if html:
        texts[html] = report.html_page(result)
    if markdown:
        texts[markdown] = report.markdown_report(result)
    print_bench(result, beside=True)
    if csv:
        store.write_csv(result, csv)
        note(f"wrote {csv}")
    for path, text in texts.items():
        write_text(path, text)
        note(f"wrote {path}")


def _with_table(path: Path, table: str) -> str:
    """The document at `path` with `table` in its place."""
    from ....bench.report import replaced_between
    from ....runtime.errors import MissingFileError, ParameterError

    try:
        return replaced_between(path.read_bytes().decode(), table, str(path))
    except OSError as error:
        raise MissingFileError(
            f"{path}: expected a Markdown file to put the results into, but it cannot be read ({error.strerror})"
        ) from error
    except UnicodeDecodeError as error:
        raise ParameterError(f"{path}: expected a Markdown file to put the results into, but it is no UTF-8") from error
