"""genrekit report: the outputs of a bench from its saved results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..options import CsvFile, HtmlFile, Json, MarkdownFile

if TYPE_CHECKING:
    from ....bench.results.schema import Bench


def report(
    results: Annotated[Path, typer.Argument(metavar="RESULTS.json", help="The file that genrekit bench --out wrote.")],
    html: HtmlFile = None,
    csv: CsvFile = None,
    markdown: MarkdownFile = None,
    into: Annotated[
        Path | None,
        typer.Option(
            metavar="README.md",
            help="Put the results table into this Markdown file, between its lines <!-- genrekit results --> and "
            "<!-- end of genrekit results -->.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show saved results again, and write them in other forms; nothing is measured.

    Example: genrekit report bench.json --html report.html --into README.md
    """
    from ....bench import read_json
    from ....bench.results import store

    for path in filter(None, (html, csv, markdown, into)):
        store.check_writable(path)
    write_outputs(read_json(results), html=html, csv=csv, markdown=markdown, into=into, as_json=as_json)


def write_outputs(
    result: Bench,
    *,
    html: Path | None = None,
    csv: Path | None = None,
    markdown: Path | None = None,
    into: Path | None = None,
    as_json: bool = False,
) -> None:
    """Show results, and write them in each form that was asked for; all are made before the first is written."""
    from ....bench import report
    from ....bench.results import store
    from ....runtime.util.atomic import write_text
    from ....runtime.util.in_place import rewrite
    from ..terminal import note, print_bench, print_json

    document = _with_table(into, report.readme_table(result)) if into else ""
    texts: dict[Path, str] = {}
    if html:
        texts[html] = report.html_page(result)
    if markdown:
        texts[markdown] = report.markdown_report(result)
    if as_json:
        print_json(result.to_json())
    else:
        print_bench(result, beside=True)
    if csv:
        store.write_csv(result, csv)
        note(f"wrote {csv}")
    if into:
        rewrite(into, document.encode())
        note(f"wrote {into}")
    for path, text in texts.items():
        write_text(path, text)
        note(f"wrote {path}")


def _with_table(path: Path, table: str) -> str:
    """The document at `path` with `table` between its lines."""
    from ....bench.report import replaced_between
    from ....runtime.errors import MissingFileError, ParameterError
    from ....runtime.util.regular import read_bytes

    try:
        return replaced_between(read_bytes(path).decode(), table, str(path))
    except OSError as error:
        raise MissingFileError(
            f"{path}: expected a Markdown file to put the results into, but it cannot be read ({error.strerror})"
        ) from error
    except UnicodeDecodeError as error:
        raise ParameterError(f"{path}: expected a Markdown file to put the results into, but it is no UTF-8") from error
