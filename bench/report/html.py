"""One self-contained HTML page of results: styles and pictures inline, no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...runtime.errors import MissingPackageError
from ...runtime.util.atomic import write_text
from ...runtime.util.foreign_text import printable
from ..results.schema import Bench, Row, by_model
from .advice import precision_lines, recommendation_text
from .columns import results_table, training_table
from .format import size
from .lines import machine_facts, machine_line, measured_count, warning_groups
from .relative_times import beside_the_fastest, ratio_matrix, verdict_words

if TYPE_CHECKING:
    import jinja2

TEMPLATE = "report.html.j2"


def write_html(
    bench: Bench, path: Path, training: Sequence[Mapping[str, Any]] = (), parity: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Write `html_page` whole or not at all; raises OutputError, MissingPackageError."""
    write_text(path, html_page(bench, training, parity))


def html_page(
    bench: Bench, training: Sequence[Mapping[str, Any]] = (), parity: Sequence[Mapping[str, Any]] = ()
) -> str:
    """One page that needs nothing but itself.

    Args:
        bench: the results.
        training: the metrics.json of each model, to show what training gave.
        parity: rows of parity.json, to show how the files compare with Keras.

    Raises:
        MissingPackageError: jinja2 or matplotlib is not installed.
    """
    try:
        import jinja2  # noqa: F401
        import markupsafe

        from .plots.pictures import pictures
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f"the HTML page needs {(error.name or 'a package').partition('.')[0]}, which is not installed; run: "
            'pip install "genrekit[bench]"'
        ) from error
    environment = page_environment()
    environment.filters.update(size=size, words=verdict_words)
    drawn = [(picture, markupsafe.Markup(picture.svg)) for picture in pictures(bench)]
    return environment.get_template(TEMPLATE).render(
        bench=bench,
        lines=[str(bench.clips), machine_line(bench)],
        recommendations=[
            *((found.goal, recommendation_text(bench, found)) for found in bench.recommendations),
            *(("int8 in C", line) for line in precision_lines(bench)),
        ],
        results=results_table(bench),
        warnings=warning_groups(bench),
        measured_count=measured_count(bench),
        pictures=drawn,
        beside=beside_the_fastest(bench),
        matrix=ratio_matrix(bench),
        confusions=_confusions(bench),
        epochs=training_table(bench),
        training=training,
        parity=parity,
        facts=machine_facts(bench),
    )


def _confusions(bench: Bench) -> dict[str, list[list[Row]]]:
    """Model -> its rows in groups that share a confusion matrix, the most accurate first."""
    found: dict[str, list[list[Row]]] = {}
    for rows in by_model(bench.results):
        scored = [row for row in rows if row.confusion and row.accuracy is not None]
        groups: dict[object, list[Row]] = {}
        for row in sorted(scored, key=lambda row: -(row.accuracy or 0)):
            groups.setdefault(row.confusion, []).append(row)
        if groups:
            found[str(rows[0].model)] = list(groups.values())
    return found


def _shown(value: Any) -> Any:
    """Texts without what reorders those around them; autoescape does the rest."""
    return printable(value, keep="\n") if type(value) is str else value


def page_environment(*packages: str) -> jinja2.Environment:
    """Of templates that stand in `packages`, or here, where they find the style and what pages share."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(package) for package in (*packages, __package__)]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
