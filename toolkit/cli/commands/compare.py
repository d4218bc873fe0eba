"""genrekit compare."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from ....runtime.errors import ParameterError
from ..options import Json

MOST_FILES = 26  # letters from A to Z


def compare(
    files: Annotated[
        list[Path], typer.Argument(metavar="A.json B.json...", help="The files that genrekit bench --out wrote.")
    ],
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, as for a pull request.")] = False,
    as_json: Json = False,
    fail_over: Annotated[
        float | None,
        typer.Option(
            metavar="RATIO",
            help="Exit with 1 where a clip or a model takes more than so many times as long as in A and the interval "
            "does not hold 1, or where a case of A was not measured.",
        ),
    ] = None,
) -> None:
    """Show how results differ from the first: ratios with their uncertainty, changed sizes, scores and versions.

    The files may come from different machines and days.

    Example: genrekit compare before.json after.json --fail-over 1.10
    """
    from ....bench import compare as compare_results
    from ....bench import read_json
    from ....bench.report.comparison import comparison_markdown, comparison_tables, legend
    from ....bench.results.compare import is_measured, regressions
    from ..terminal import note, print_json, print_table, say_lines

    if not 2 <= len(files) <= MOST_FILES:
        raise ParameterError(
            f"files={len(files)}: expected 2 to {MOST_FILES} results of genrekit bench --out; name them"
        )
    if fail_over is not None and not 0 < fail_over < math.inf:
        raise ParameterError(f"fail_over={fail_over}: expected a ratio above 0, as 1.10 for a tenth slower")
    if as_json and markdown:
        raise ParameterError("json and markdown: expected one of the two; leave the other out")
    benches = [read_json(file) for file in files]
    if fail_over is not None and not is_measured(benches[0]):
        raise ParameterError(
            f"{files[0]}: results={len(benches[0].results)}, none of them measured: expected a case to compare the "
            "others with; measure again with `genrekit bench --out`"
        )
    comparison = compare_results(benches)
    if as_json:
        print_json(comparison.to_json())
    elif markdown:
        say_lines(comparison_markdown(comparison))
    else:
        for table in comparison_tables(comparison):
            print_table(table.to_rich())
        for line in legend(comparison):
            note(line)
    failed = regressions(comparison, fail_over) if fail_over is not None else []
    for sentence in failed:
        note(f"genrekit: {sentence}")
    if failed:
        raise typer.Exit(1)
